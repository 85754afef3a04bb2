// A worker that is past a deadline is killed, and the fleet says when it has to look again.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, driveReady } from './drive.ts';

suite('the watchdog', () => {
  const WATCHED = { watchdog: { timeoutMs: 30_000 } } as const;

  test('S46, S48: a worker that is silent for timeoutMs is killed, and its slot is filled again at once', () => {
    const fleet = drive(WATCHED).ready(1).passes(10_000).heard(1);
    fleet.does();
    assert.deepEqual(fleet.passes(29_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #1', 'fork #2 for slot 0 of generation 1']);
  });

  test('a worker whose heartbeats come lives', () => {
    const fleet = drive(WATCHED).ready(1);
    fleet.does();
    for (let time = 0; time < 10; time += 1) fleet.passes(20_000).heard(1);
    assert.deepEqual(fleet.does(), []);
  });

  test('S47: a heartbeat that is read in the same step as its deadline counts', () => {
    const fleet = drive(WATCHED).ready(1).passes(29_999).heard(1);
    fleet.does();
    assert.deepEqual(fleet.passes(1).does(), []);
    assert.equal(fleet.nextWakeIn, 29_999);
  });

  test('S7: a successor whose exit is read in the step in which it would become available was not available', () => {
    const fleet = driveReady().restarts(2).ready(2);
    fleet.does();
    fleet.now += 1_000;
    fleet.exits(2, 1);
    assert.deepEqual(fleet.does(), ['rollout of 2 is aborted (crashed)']);
  });

  test('it does not watch workers that boot or drain', () => {
    const fleet = driveReady({ ...WATCHED, boot: { timeoutMs: 90_000 }, rollout: { graceMs: 90_000 } });
    fleet.retires(1);
    fleet.does();
    fleet.passes(28_000).heard(1).passes(29_000).heard(1).passes(29_000).ready(2).heard(1).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)']);
    fleet.heard(2).passes(29_000).heard(2).passes(29_000);
    assert.deepEqual(fleet.does(), []);
  });

  test('S71: a worker in which a debugger is open may be silent for as long as it likes, and counts afresh afterwards', () => {
    const fleet = driveReady(WATCHED);
    fleet.happens({ type: 'debugger-opened', worker: 1 });
    fleet.does();
    assert.deepEqual(fleet.passes(1_000_000).does(), []);
    assert.equal(fleet.nextWakeIn, Infinity);
    const heard = new Map([[1, { at: fleet.now, connections: null }]]);
    fleet.happens({ type: 'debugger-closed', worker: 1 }, { type: 'heartbeats', heard });
    fleet.does();
    assert.deepEqual(fleet.passes(29_999).does(), []);
    assert.equal(fleet.passes(1).does().at(0), 'kill #1');
  });

  test('S71: a worker that a debugger holds while it boots is not late; without one it is', () => {
    const fleet = drive({ size: 2, boot: { timeoutMs: 30_000 } });
    fleet.happens({ type: 'debugger-opened', worker: 1 });
    fleet.does();
    assert.equal(fleet.ready(2).passes(1_000_000).fleet.workers[0]?.state, 'booting');
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.ready(1).serving, ['0: #1 of 1', '1: #2 of 1']);
    const late = drive({ boot: { timeoutMs: 30_000 } }).passes(30_000);
    assert.ok(late.does().includes('kill #1'));
  });

  test('S71: the deadline of a drain holds under a debugger, too: somebody wants the worker to go', () => {
    const fleet = driveReady({ size: 2, rollout: { graceMs: 20_000 } });
    fleet.happens({ type: 'debugger-opened', worker: 2 }).scales(1);
    fleet.does();
    assert.deepEqual(fleet.passes(22_000).does(), ['kill #2']);
  });

  test('false: no worker is killed for being silent', () => {
    assert.deepEqual(driveReady({ watchdog: false }).passes(1e9).does(), []);
  });
});

suite('a drain', () => {
  test('S13: a worker that ignores it is killed after graceMs and closeMs; its exit is expected then', () => {
    const fleet = driveReady({ size: 2, rollout: { graceMs: 20_000 } }).scales(1);
    fleet.does();
    assert.deepEqual(fleet.passes(21_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #2']);
    assert.deepEqual(fleet.isKilled(2).does(), []);
    assert.deepEqual(fleet.told.at(-1), {
      type: 'worker-exited',
      worker: {
        id: 2,
        slot: 1,
        generation: 1,
        forkedAt: 0,
        state: 'killing',
        cause: 'drain-timeout',
        killedAt: 23_000,
      },
      code: null,
      signal: 'SIGKILL',
      expected: true,
      explanation: null,
    });
  });
});

suite('the next look', () => {
  test('is at the earliest deadline, and never when there is none', () => {
    const fleet = drive({ boot: { timeoutMs: 30_000 } });
    assert.equal(fleet.nextWakeIn, 30_000);
    fleet.passes(500).ready(1);
    assert.equal(fleet.nextWakeIn, 1_000, 'when it becomes available');
    fleet.passes(1_000);
    assert.equal(fleet.nextWakeIn, Infinity);
  });

  test('is at the end of a backoff, of a drain, of a delay, of the wait for an exit after SIGKILL', () => {
    const fleet = driveReady({ size: 2, shutdown: { delayMs: 5_000 } })
      .isKilled(1)
      .isKilled(3);
    assert.equal(fleet.nextWakeIn, 50);
    fleet.passes(50).ready(4).passes(1_000).scales(1);
    assert.equal(fleet.nextWakeIn, 22_000);
    fleet.exits(2).stops();
    assert.equal(fleet.nextWakeIn, 5_000);
    fleet.passes(5_000);
    assert.equal(fleet.nextWakeIn, 9_000);
    fleet.passes(9_000);
    assert.equal(fleet.nextWakeIn, 2_000);
  });

  test('S47: does not come sooner because real time passed: only awake time counts', () => {
    const fleet = drive({ watchdog: { timeoutMs: 30_000 } })
      .ready(1)
      .passes(1_000);
    fleet.does();
    fleet.looks().looks();
    assert.deepEqual(fleet.does(), []);
    assert.equal(fleet.nextWakeIn, 29_000);
  });

  test('is not missed because of a rounding error', () => {
    const fleet = driveReady({ rollout: { minReadyMs: 0.3 } }).restarts(2);
    fleet.now = 1_000.1;
    fleet.ready(2).passes(10);
    assert.equal(fleet.does().at(-1), 'rollout of 2 is completed');
  });
});
