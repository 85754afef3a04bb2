// What the operator reads about an exit: its cause where that is known, and no guess where it is not.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { OUT_OF_MEMORY, explainExit, isSigkill } from '../../../../src/primary/processes/exit-cause.ts';
import type { Exit } from '../../../../src/primary/processes/exit-cause.ts';

const crash = (code: number | null, signal: string | null = null): string =>
  explainExit({ code, signal, expected: false, explanation: null, worker: { state: 'ready' } }) ?? 'nothing';

suite('the cause of an exit', () => {
  test('S34: signals', () => {
    for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGFPE']) assert.match(crash(null, signal), /native addons/);
    for (const signal of ['SIGABRT', 'SIGTRAP']) assert.match(crash(null, signal), /out of memory/);
    assert.match(crash(null, 'SIGILL'), /CPU/);
    assert.match(crash(null, 'SIGKILL'), /from outside: by an operator, or by the kernel for lack of memory/);
    for (const signal of ['SIGXCPU', 'SIGXFSZ', 'SIGSYS']) assert.match(crash(null, signal), /limit/);
    assert.match(crash(null, 'SIGUSR1'), /find out what sends it/);
  });

  test('S33, S34: codes', () => {
    assert.match(
      crash(0),
      /called process\.exit\(\), or cluster\.worker\.kill\(\); .*while it booted, process\.disconnect\(\)$/,
    );
    assert.match(crash(1), /process\.exit\(1\).* stderr/);
    assert.match(crash(5), /out of memory/);
    for (const code of [6, 7]) assert.match(crash(code), /while another one was handled/);
    for (const code of [9, 12]) assert.match(crash(code), /execArgv, NODE_OPTIONS/);
    assert.match(crash(10), /while it started/);
    assert.match(crash(13), /top-level await never settled/);
    assert.match(crash(14), /snapshot/);
    assert.match(crash(77), /process\.exit\(77\)/);
  });

  test('128 + n, as shells pass it on, is explained like signal n', () => {
    for (const [code, signal] of [
      [133, 'SIGTRAP'],
      [134, 'SIGABRT'],
      [137, 'SIGKILL'],
      [139, 'SIGSEGV'],
    ] as const) {
      assert.equal(crash(code), crash(null, signal));
    }
    assert.deepEqual(
      [isSigkill(137, null), isSigkill(null, 'SIGKILL'), isSigkill(9, null)],
      [true, true, false],
    );
    // There are no signals of these numbers.
    assert.match(crash(128), /process\.exit\(128\)/);
    assert.match(crash(255), /process\.exit\(255\)/);
  });

  test('S54: what is known besides stands instead of what the signal means, unless the primary has killed it', () => {
    const killed = (state: 'ready' | 'killing'): string | null =>
      explainExit({
        code: null,
        signal: 'SIGKILL',
        expected: state === 'killing',
        explanation: OUT_OF_MEMORY,
        worker: { state },
      });
    assert.match(killed('ready') ?? '', /^out of memory: the kernel killed it/);
    assert.equal(killed('killing'), null);
  });

  test('an exit with neither code nor signal', () => {
    assert.match(crash(null), /nothing is known/);
  });

  test('an exit that was asked for needs no explanation, unless something else ended the worker first', () => {
    const requested = (code: number | null, signal: string | null = null): string | null =>
      explainExit({
        code,
        signal,
        expected: true,
        explanation: null,
        worker: { state: 'draining', wasReady: true },
      });
    assert.deepEqual([requested(0), requested(1)], [null, null]);
    assert.match(requested(null, 'SIGSEGV') ?? '', /native addons/);
    assert.match(requested(13) ?? '', /top-level await/);
  });

  test('S99: a SIGKILL needs no explanation if the primary has sent it, else it needs one', () => {
    const killed = (worker: Exit['worker']): string | null =>
      explainExit({ code: null, signal: 'SIGKILL', expected: true, explanation: null, worker });
    assert.equal(killed({ state: 'killing' }), null);
    // It had not said hello yet, so it could not be told.
    assert.equal(killed({ state: 'draining', wasReady: false }), null);
    assert.match(killed({ state: 'draining', wasReady: true }) ?? '', /by the kernel for lack of memory/);
  });

  test('S102: a signal to every process ends a worker that has no listeners yet, which needs no explanation', () => {
    const ended = (signal: string, wasReady: boolean): string | null =>
      explainExit({
        code: null,
        signal,
        expected: true,
        explanation: null,
        worker: { state: 'draining', wasReady },
      });
    for (const signal of ['SIGTERM', 'SIGINT']) assert.equal(ended(signal, false), null);
    assert.match(ended('SIGTERM', true) ?? '', /from outside/);
    assert.match(ended('SIGSEGV', false) ?? '', /native code/);
  });

  test('S91: too many threads are told apart from too little memory', () => {
    assert.match(crash(null, 'SIGABRT'), /heap reached its limit.*no thread.*ulimit -u, pids\.max/);
  });
});
