// The log lines: level, constant message and facts of an announcement.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Announcement } from '../../../../src/fleet/command.ts';
import { AnnouncementLog } from '../../../../src/primary/observers/announcement-log.ts';
import { ABORTED, BOOTING, DRAINING, ERROR, NAME, READY, memoryLog, pidOf } from './announcements.ts';
import type { Line } from './announcements.ts';

suite('announcement log', () => {
  test('S34: a crash is an error, with the worker and an explanation', () => {
    const { level, message, facts } = logged({
      type: 'worker-exited',
      worker: READY,
      code: null,
      signal: 'SIGSEGV',
      expected: false,
      explanation: null,
    });
    assert.deepEqual([level, message], ['error', 'worker crashed']);
    const { explanation, ...others } = facts;
    assert.match(String(explanation), /native code/);
    assert.deepEqual(others, { worker: NAME, code: null, signal: 'SIGSEGV', expected: false });
  });

  test('an exit that was requested is no error, and needs no explanation', () => {
    const line = logged({
      type: 'worker-exited',
      worker: DRAINING,
      code: 0,
      signal: null,
      expected: true,
      explanation: null,
    });
    const facts = { worker: NAME, code: 0, signal: null, expected: true };
    assert.deepEqual(line, { level: 'info', message: 'worker exited', facts });
  });

  test('a worker that was asked to exit, but was ended by something else, is an error', () => {
    const { level, message, facts } = logged({
      type: 'worker-exited',
      worker: DRAINING,
      code: null,
      signal: 'SIGABRT',
      expected: true,
      explanation: null,
    });
    assert.deepEqual([level, message], ['error', 'worker exited']);
    assert.match(String(facts['explanation']), /out of memory/);
  });

  test('S99: a draining worker that somebody else kills is an error, and one that the primary kills is none', () => {
    const exit = {
      type: 'worker-exited',
      code: null,
      signal: 'SIGKILL',
      expected: true,
      explanation: null,
    } as const;
    const foreign = logged({ ...exit, worker: DRAINING });
    assert.deepEqual([foreign.level, foreign.message], ['error', 'worker exited']);
    assert.match(String(foreign.facts['explanation']), /for lack of memory/);
    const { id, slot, generation, forkedAt } = DRAINING;
    const killing = {
      id,
      slot,
      generation,
      forkedAt,
      state: 'killing',
      cause: 'drain-timeout',
      killedAt: 1,
    } as const;
    assert.equal(logged({ ...exit, worker: killing }).level, 'info');
  });

  test('S91: an error that all workers fail with at the first boot is told once, and again later', () => {
    const failing = { type: 'worker-failing', worker: BOOTING, error: ERROR } as const;
    const ending = { exitCode: 1, reason: 'boot-failed', error: ERROR } as const;
    const other = { ...failing, error: { ...ERROR, stack: 'another' } };
    const told = (...all: readonly Announcement[]): readonly boolean[] =>
      allLogged(all).map(({ facts }) => 'err' in facts);
    assert.deepEqual(told(failing, failing, other, { type: 'fleet-stopping', ending }), [
      true,
      false,
      true,
      false,
    ]);
    const ready = { type: 'worker-ready', worker: READY, bootMs: 1 } as const;
    assert.deepEqual(told(ready, failing, failing), [false, true, true]);
    // What no worker could report is told by the last line.
    assert.deepEqual(told({ type: 'fleet-stopping', ending }), [true]);
  });

  test('a worker whose channel is closed is an error, with what to do about it', () => {
    const { level, message, facts } = logged({ type: 'worker-disconnected', worker: READY });
    assert.deepEqual([level, message], ['error', 'worker disconnected']);
    assert.deepEqual(facts['worker'], NAME);
    assert.match(String(facts['explanation']), /process\.disconnect\(\)/);
  });

  test('an abort says which release and which worker failed, why, and which release is the target again', () => {
    const { level, message, facts } = logged(ABORTED);
    assert.deepEqual([level, message], ['error', 'rollout aborted']);
    const { err, ...others } = facts;
    const { type: _, error: __, ...expected } = ABORTED;
    assert.deepEqual(others, { ...expected, worker: NAME });
    assert.ok(err instanceof TypeError);
    assert.equal(err.stack, ERROR.stack);
  });

  test('an abort that no worker caused says so', () => {
    const { level, facts } = logged({ ...ABORTED, reason: 'stopping', error: null, worker: null });
    assert.equal(facts['worker'], null);
    assert.ok(!('err' in facts));
    // The service was asked to stop: nothing has failed.
    assert.equal(level, 'info');
  });

  test('a fleet that stops because of a failure is an error, with reason, exit code and cause', () => {
    const { level, message, facts } = logged({
      type: 'fleet-stopping',
      ending: { exitCode: 1, reason: 'gave-up', error: ERROR },
    });
    const { err, ...others } = facts;
    assert.deepEqual([level, message, others], ['error', 'stopping', { reason: 'gave-up', exitCode: 1 }]);
    assert.ok(err instanceof TypeError);
  });

  test('the first line of a fleet that is ready says where it is and how to roll it, a later one does not', () => {
    const ready = {
      type: 'fleet-ready',
      size: 2,
      generation: 1,
      entry: '/srv/main.js',
      cwd: '/srv',
    } as const;
    const [first, second] = allLogged([ready, ready]).map(({ facts }) => facts);
    const { type: _, ...facts } = ready;
    assert.deepEqual(first, { urls: ['http://[::1]:3000'], roll: `kill -USR2 ${process.pid}`, ...facts });
    assert.deepEqual(second, facts);
  });

  test('times are whole milliseconds', () => {
    const { facts } = logged({ type: 'worker-ready', worker: READY, bootMs: 120.6 });
    assert.equal(facts['bootMs'], 121);
  });
});

function logged(announcement: Announcement): Line {
  const [line, ...others] = allLogged([announcement]);
  assert.ok(line !== undefined && others.length === 0);
  return line;
}

function allLogged(announcements: readonly Announcement[]): readonly Line[] {
  const lines: Line[] = [];
  const log = new AnnouncementLog(memoryLog(lines), pidOf, () => ['http://[::1]:3000']);
  for (const announcement of announcements) log.hear(announcement);
  return lines;
}
