// Who died of what: only what the soak did, or asked for, explains a death.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogLine } from '../../helpers/service.ts';
import { deaths } from '../../soak/deaths.ts';
import type { Death, Evidence } from '../../soak/deaths.ts';

suite('deaths', () => {
  test('a signal of the soak is the cause, from when it was sent', () => {
    const log = [line(100, 'worker forked'), crashed(510, null, 'SIGKILL')];
    assert.deepEqual(found({ log, acts: [{ pid: 7, signal: 'SIGKILL', at: 500 }] }), [
      { pid: 7, cause: 'SIGKILL by the soak', kind: 'violent', from: 500, until: 510 },
    ]);
  });

  test('so is what a worker wrote down before it ended itself', () => {
    const log = [line(100, 'worker forked'), crashed(510, 0, null)];
    const endings = [{ pid: 7, how: 'process.exit(0)', at: 500 }];
    assert.deepEqual(kinds({ log, endings }), ['violent: process.exit(0)']);
  });

  test('the watchdog may kill whom the soak has stopped, and nobody else', () => {
    const log = [
      line(100, 'worker forked'),
      line(600, 'worker killed', { cause: 'watchdog' }),
      crashed(610, null, 'SIGKILL'),
    ];
    const stop = { pid: 7, signal: 'SIGSTOP', at: 200 } as const;
    assert.deepEqual(found({ log, acts: [stop] }), [
      { pid: 7, cause: 'stopped, then killed: watchdog', kind: 'violent', from: 200, until: 610 },
    ]);
    assert.deepEqual(kinds({ log }), ['unexplained: killed: watchdog']);
    const continued = { pid: 7, signal: 'SIGCONT', at: 300 } as const;
    assert.deepEqual(kinds({ log, acts: [stop, continued] }), ['unexplained: killed: watchdog']);
  });

  test('a boot may time out where the release hangs, and nowhere else', () => {
    const log = [
      line(50, 'rollout started', { to: { id: 2, entry: '/releases/2/main.mjs', cwd: '/releases/2' } }),
      line(100, 'worker forked'),
      line(600, 'worker killed', { cause: 'boot-timeout' }),
      exited(610, null, 'SIGKILL'),
    ];
    assert.deepEqual(kinds({ log, hangs: () => true }), ['orderly: killed: boot-timeout']);
    assert.deepEqual(kinds({ log, hangs: () => false }), ['unexplained: killed: boot-timeout']);
  });

  test('an error of the soak is one, any other error is not explained', () => {
    const failing = (message: string): LogLine =>
      line(500, 'worker failing', { err: { message, stack: message } });
    assert.deepEqual(kinds({ log: [failing('soak: thrown'), exited(510, 1, null)] }), [
      'orderly: uncaught: thrown',
    ]);
    assert.deepEqual(kinds({ log: [failing('listen EADDRINUSE'), exited(510, 1, null)] }), [
      'unexplained: code 1, signal null, listen EADDRINUSE',
    ]);
  });

  test('who drains ends with code 0, and before it has booted in any way', () => {
    const draining = (cause: string): LogLine => line(500, 'worker draining', { cause });
    assert.deepEqual(kinds({ log: [draining('rollout'), exited(510, 0, null)] }), [
      'orderly: drained: rollout',
    ]);
    assert.deepEqual(kinds({ log: [draining('cancelled'), exited(510, null, 'SIGKILL')] }), [
      'orderly: drained: cancelled',
    ]);
    assert.deepEqual(kinds({ log: [draining('rollout'), exited(510, 1, null)] }), [
      'unexplained: code 1, signal null, nobody wanted it',
    ]);
  });

  test('a crash that nobody wanted is not explained', () => {
    assert.deepEqual(kinds({ log: [crashed(510, null, 'SIGSEGV')] }), [
      'unexplained: code null, signal SIGSEGV, nobody wanted it',
    ]);
  });

  test('who was killed just before the primary is dead although nobody told it', () => {
    assert.deepEqual(found({ acts: [{ pid: 7, signal: 'SIGKILL', at: 500 }], over: 520 }), [
      { pid: 7, cause: 'SIGKILL by the soak', kind: 'violent', from: 500, until: 520 },
    ]);
  });

  test('the same pid again is another worker', () => {
    const log = [
      line(100, 'worker forked'),
      crashed(510, null, 'SIGKILL'),
      line(700, 'worker forked'),
      line(800, 'worker draining', { cause: 'rollout' }),
      exited(810, 0, null),
    ];
    assert.deepEqual(kinds({ log, acts: [{ pid: 7, signal: 'SIGKILL', at: 500 }] }), [
      'violent: SIGKILL by the soak',
      'orderly: drained: rollout',
    ]);
  });
});

function found(evidence: Partial<Evidence>): readonly Death[] {
  return deaths({ log: [], acts: [], endings: [], over: 1_000, hangs: () => false, ...evidence });
}

function kinds(evidence: Partial<Evidence>): readonly string[] {
  return found(evidence).map(({ kind, cause }) => `${kind}: ${cause}`);
}

function line(time: number, msg: string, details: Partial<LogLine> = {}): LogLine {
  return { time, msg, worker: { slot: 0, generation: 2, pid: 7 }, ...details };
}

function exited(time: number, code: number | null, signal: string | null): LogLine {
  return line(time, 'worker exited', { code, signal });
}

function crashed(time: number, code: number | null, signal: string | null): LogLine {
  return line(time, 'worker crashed', { code, signal });
}
