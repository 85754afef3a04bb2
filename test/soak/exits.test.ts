// Why workers exited: only what the soak did, or asked for, explains an exit.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogLine } from '../helpers/service.ts';
import { exitsOf } from './exits.ts';
import type { Evidence, Exit } from './exits.ts';

suite('exits of workers', () => {
  test('a signal that the soak sent is the cause, from the moment it was sent', () => {
    const log = [line(100, 'worker forked'), crashed(510, null, 'SIGKILL')];
    assert.deepEqual(found({ log, signals: [{ pid: 7, signal: 'SIGKILL', at: 500 }] }), [
      { pid: 7, cause: 'SIGKILL by the soak', kind: 'abrupt', from: 500, until: 510 },
    ]);
  });

  test('so is what a worker recorded before it ended its process', () => {
    const log = [line(100, 'worker forked'), crashed(510, 0, null)];
    const ownExits = [{ pid: 7, how: 'process.exit(0)', at: 500 }];
    assert.deepEqual(kinds({ log, ownExits }), ['abrupt: process.exit(0)']);
  });

  test('the watchdog may kill a worker that the soak has stopped, and no other', () => {
    const log = [
      line(100, 'worker forked'),
      line(600, 'worker killed', { cause: 'watchdog' }),
      crashed(610, null, 'SIGKILL'),
    ];
    const stop = { pid: 7, signal: 'SIGSTOP', at: 200 } as const;
    assert.deepEqual(found({ log, signals: [stop] }), [
      { pid: 7, cause: 'stopped, then killed: watchdog', kind: 'abrupt', from: 200, until: 610 },
    ]);
    assert.deepEqual(kinds({ log }), ['unexplained: killed: watchdog']);
    const continued = { pid: 7, signal: 'SIGCONT', at: 300 } as const;
    assert.deepEqual(kinds({ log, signals: [stop, continued] }), ['unexplained: killed: watchdog']);
  });

  test('a boot may time out if the release hangs, and only then', () => {
    const log = [
      line(50, 'rollout started', { to: { id: 2, entry: '/releases/2/main.mjs', cwd: '/releases/2' } }),
      line(100, 'worker forked'),
      line(600, 'worker killed', { cause: 'boot-timeout' }),
      exited(610, null, 'SIGKILL'),
    ];
    assert.deepEqual(kinds({ log, hangs: () => true }), ['graceful: killed: boot-timeout']);
    assert.deepEqual(kinds({ log, hangs: () => false }), ['unexplained: killed: boot-timeout']);
  });

  test('an uncaught error that the soak caused is explained, any other is not', () => {
    const failing = (message: string): LogLine =>
      line(500, 'worker failing', { err: { message, stack: message } });
    assert.deepEqual(kinds({ log: [failing('soak: thrown'), exited(510, 1, null)] }), [
      'graceful: uncaught: thrown',
    ]);
    assert.deepEqual(kinds({ log: [failing('listen EADDRINUSE'), exited(510, 1, null)] }), [
      'unexplained: code 1, signal null, listen EADDRINUSE',
    ]);
  });

  test('a worker that drains exits with code 0; one whose boot is cancelled, in any way', () => {
    const draining = (cause: string): LogLine => line(500, 'worker draining', { cause });
    assert.deepEqual(kinds({ log: [draining('rollout'), exited(510, 0, null)] }), [
      'graceful: drained: rollout',
    ]);
    assert.deepEqual(kinds({ log: [draining('cancelled'), exited(510, null, 'SIGKILL')] }), [
      'graceful: drained: cancelled',
    ]);
    assert.deepEqual(kinds({ log: [draining('rollout'), exited(510, 1, null)] }), [
      'unexplained: code 1, signal null, cause unknown',
    ]);
  });

  test('a crash that the soak did not cause is not explained', () => {
    assert.deepEqual(kinds({ log: [crashed(510, null, 'SIGSEGV')] }), [
      'unexplained: code null, signal SIGSEGV, cause unknown',
    ]);
  });

  test('a worker killed just before the primary has exited, although no primary logged it', () => {
    assert.deepEqual(found({ signals: [{ pid: 7, signal: 'SIGKILL', at: 500 }], over: 520 }), [
      { pid: 7, cause: 'SIGKILL by the soak', kind: 'abrupt', from: 500, until: 520 },
    ]);
  });

  test('a pid that is used again belongs to another worker', () => {
    const log = [
      line(100, 'worker forked'),
      crashed(510, null, 'SIGKILL'),
      line(700, 'worker forked'),
      line(800, 'worker draining', { cause: 'rollout' }),
      exited(810, 0, null),
    ];
    assert.deepEqual(kinds({ log, signals: [{ pid: 7, signal: 'SIGKILL', at: 500 }] }), [
      'abrupt: SIGKILL by the soak',
      'graceful: drained: rollout',
    ]);
  });
});

function found(evidence: Partial<Evidence>): readonly Exit[] {
  return exitsOf({ log: [], signals: [], ownExits: [], over: 1_000, hangs: () => false, ...evidence });
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
