// What the operator reads about an exit: its cause where that is known, and no guess where it is not.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { explainExit } from '../../../../src/primary/processes/exit-cause.ts';
import type { Exit } from '../../../../src/primary/processes/exit-cause.ts';

const crash = (code: number | null, signal: string | null = null): string =>
  explainExit({ code, signal, expected: false, worker: { state: 'ready' } }) ?? 'nothing';

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
    // There are no signals of these numbers.
    assert.match(crash(128), /process\.exit\(128\)/);
    assert.match(crash(255), /process\.exit\(255\)/);
  });

  test('an exit with neither code nor signal', () => {
    assert.match(crash(null), /nothing is known/);
  });

  test('an exit that was asked for needs no explanation, unless something else ended the worker first', () => {
    const requested = (code: number | null, signal: string | null = null): string | null =>
      explainExit({ code, signal, expected: true, worker: { state: 'draining', wasReady: true } });
    assert.deepEqual([requested(0), requested(1)], [null, null]);
    assert.match(requested(null, 'SIGSEGV') ?? '', /native addons/);
    assert.match(requested(13) ?? '', /top-level await/);
  });

  test('S99: a SIGKILL needs no explanation if the primary has sent it, else it needs one', () => {
    const killed = (worker: Exit['worker']): string | null =>
      explainExit({ code: null, signal: 'SIGKILL', expected: true, worker });
    assert.equal(killed({ state: 'killing' }), null);
    // It had not said hello yet, so it could not be told.
    assert.equal(killed({ state: 'draining', wasReady: false }), null);
    assert.match(killed({ state: 'draining', wasReady: true }) ?? '', /by the kernel for lack of memory/);
  });

  test('S91: too many threads are told apart from too little memory', () => {
    assert.match(crash(null, 'SIGABRT'), /heap reached its limit.*no thread.*ulimit -u, pids\.max/);
  });
});
