// The fleet is to stop: every worker drains, or is killed; then it finishes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, driveReady } from './drive.ts';

suite('a graceful shutdown', () => {
  test('S39: the sockets are closed first, then every worker drains; it finishes when the last one has exited', () => {
    const fleet = driveReady({ size: 2 });
    fleet.stops();
    assert.deepEqual(fleet.does(), ['release sockets', 'drain #1 (shutdown)', 'drain #2 (shutdown)']);
    assert.deepEqual(fleet.exits(2).does(), []);
    assert.deepEqual(fleet.exits(1).does(), ['finish 0 (requested)']);
  });

  test('the drain says that no other worker goes on accepting, with the times of a shutdown', () => {
    const fleet = driveReady();
    fleet.stops();
    assert.deepEqual(
      fleet.commands.find(({ type }) => type === 'drain'),
      {
        type: 'drain',
        worker: 1,
        cause: 'shutdown',
        final: true,
        idleMs: 1_000,
        graceMs: 7_000,
        closeMs: 2_000,
      },
    );
    const [worker] = fleet.fleet.workers;
    assert.deepEqual(worker, {
      id: 1,
      slot: 0,
      generation: 1,
      forkedAt: 0,
      state: 'draining',
      cause: 'shutdown',
      wasReady: true,
      killAt: 1_000 + 7_000 + 2_000,
    });
  });

  test('S13: a worker that does not exit in time is killed, and the exit code is 1', () => {
    const fleet = driveReady({ size: 2 }).stops().exits(1);
    fleet.does();
    assert.deepEqual(fleet.passes(8_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #2']);
    assert.deepEqual(fleet.isKilled(2).does(), ['finish 1 (timed-out)']);
  });

  test('a worker that fails while it drains makes the exit code 1, and the first reason stands', () => {
    const fleet = driveReady({ size: 2 }).stops().exits(1, 7).passes(9_000).isKilled(2);
    assert.equal(fleet.does().at(-1), 'finish 1 (unclean)');
  });

  test('S99: a worker that is killed from outside while it drains makes the exit code 1', () => {
    assert.equal(driveReady().stops().isKilled(1).does().at(-1), 'finish 1 (unclean)');
  });

  test('S44: a worker that still boots has lost no request, however it ends', () => {
    const fleet = driveReady({ size: 3 }).isKilled(1, 2);
    fleet.stops().isKilled(4).exits(5, 1).exits(3);
    assert.equal(fleet.does().at(-1), 'finish 0 (requested)');
  });

  test('S99: a worker that drained for another cause before the stop, and is killed, makes the exit code 1', () => {
    const fleet = driveReady().restarts(2).ready(2).passes(1_000).stops().isKilled(1).exits(2);
    assert.equal(fleet.does().at(-1), 'finish 1 (unclean)');
  });

  test('a worker does not exit even after SIGKILL -> it finishes closeMs later', () => {
    const fleet = driveReady().stops().passes(9_000);
    fleet.does();
    assert.deepEqual(fleet.passes(1_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['finish 1 (timed-out)']);
    assert.equal(fleet.nextWakeIn, Infinity);
  });

  test('S44: while booting -> it ends with exit code 0', () => {
    const fleet = drive({ size: 2 });
    fleet.does();
    fleet.stops().ready(1).exits(2);
    assert.deepEqual(fleet.does(), ['release sockets', 'drain #1 (shutdown)', 'drain #2 (shutdown)']);
    assert.deepEqual(fleet.exits(1).does(), ['finish 0 (requested)']);
  });

  test('S10: during a rollout -> the rollout aborts, the successors drain, too, no worker is respawned', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3);
    fleet.does();
    fleet.stops();
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is aborted (stopping)',
      'release sockets',
      'drain #1 (shutdown)',
      'drain #2 (shutdown)',
      'drain #3 (shutdown)',
    ]);
    fleet.exits(1).exits(2).exits(3);
    assert.deepEqual(fleet.does(), ['finish 0 (requested)']);
  });

  test('a worker that drains for another cause is told to hurry, and keeps the earlier deadline', () => {
    const fleet = driveReady({ rollout: { graceMs: 20_000 } })
      .restarts(2)
      .ready(2)
      .passes(1_000)
      .passes(15_000);
    fleet.does();
    fleet.stops();
    assert.deepEqual(fleet.does(), ['release sockets', 'drain #1 (shutdown)', 'drain #2 (shutdown)']);
    fleet.exits(2);
    assert.deepEqual(fleet.passes(7_000).does(), ['kill #1']);
  });

  test('a worker that has just begun to drain has no longer than the others', () => {
    const fleet = driveReady({ rollout: { graceMs: 20_000 } })
      .restarts(2)
      .ready(2)
      .passes(1_000)
      .stops();
    fleet.exits(2);
    fleet.does();
    assert.deepEqual(fleet.passes(9_000).does(), ['kill #1']);
  });

  test('no worker is left -> it finishes at once', () => {
    const fleet = driveReady().isKilled(1).isKilled(2);
    fleet.does();
    assert.deepEqual(fleet.stops().does(), ['release sockets', 'finish 0 (requested)']);
  });

  test('a restart, another size or another stop changes nothing any more', () => {
    const fleet = driveReady().stops();
    fleet.does();
    fleet.restarts(2).scales(4).happens({ type: 'scale-stepped', by: 1 }).stops();
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.exits(1).does(), ['finish 0 (requested)']);
    assert.deepEqual(fleet.stops({ force: true }).does(), []);
  });
});

suite('a shutdown with a delay', () => {
  const DELAYED = { size: 2, shutdown: { delayMs: 5_000 } } as const;

  test('S40: every worker is told that the service is about to stop, serves on, and drains when the delay is over', () => {
    const fleet = driveReady(DELAYED);
    fleet.stops();
    assert.deepEqual(fleet.does(), ['leave #1', 'leave #2']);
    assert.deepEqual(fleet.told.at(-1), { type: 'fleet-leaving', delayMs: 5_000 });
    assert.deepEqual(fleet.passes(4_999).does(), []);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #2 of 1']);
    assert.deepEqual(fleet.passes(1).does(), [
      'release sockets',
      'drain #1 (shutdown)',
      'drain #2 (shutdown)',
    ]);
  });

  test('S40: a worker that becomes ready meanwhile is told, too, once', () => {
    const fleet = driveReady(DELAYED).isKilled(2).stops();
    fleet.does();
    assert.deepEqual(fleet.ready(3).does(), ['leave #3']);
    assert.deepEqual(fleet.heard(3).heard(1).does(), []);
  });

  test('S40: a worker that crashes meanwhile is respawned at once, told, and drains with the others', () => {
    const fleet = driveReady(DELAYED).stops();
    fleet.does();
    assert.deepEqual(fleet.isKilled(1).does(), ['fork #3 for slot 0 of generation 1']);
    assert.deepEqual(fleet.fails(2).exits(2, 1).does(), ['fork #4 for slot 1 of generation 1']);
    assert.deepEqual(fleet.ready(3).does(), ['leave #3']);
    fleet.passes(5_000);
    assert.deepEqual(fleet.does(), ['release sockets', 'drain #3 (shutdown)', 'drain #4 (shutdown)']);
    assert.deepEqual(fleet.exits(3).exits(4).does(), ['finish 0 (requested)']);
  });

  test('S40: a slot whose worker crashes again and again meanwhile backs off as usual', () => {
    const fleet = driveReady(DELAYED).stops().isKilled(1);
    fleet.does();
    assert.deepEqual(fleet.isKilled(3).does(), ['slot 0 waits 50 ms']);
    assert.equal(fleet.nextWakeIn, 50);
    assert.deepEqual(fleet.passes(49).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['fork #4 for slot 0 of generation 1']);
  });

  test('S40: a slot that backs off when the stop is requested is filled when its backoff is over', () => {
    const fleet = driveReady(DELAYED).isKilled(1).isKilled(3).stops();
    assert.equal(fleet.does().at(-1), 'leave #2');
    assert.deepEqual(fleet.passes(50).does(), ['fork #4 for slot 0 of generation 1']);
  });

  test('S10: in a rollout the boots of the new release are cancelled, and a worker that crashes is respawned as the stable release', () => {
    const fleet = driveReady(DELAYED).restarts(2);
    fleet.does();
    fleet.stops();
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is aborted (stopping)',
      'leave #1',
      'leave #2',
      'drain #3 (cancelled)',
    ]);
    assert.deepEqual(fleet.isKilled(1).does(), ['fork #4 for slot 0 of generation 1']);
  });

  test('S10, S24: a slot whose old worker had to go first is filled by the stable release', () => {
    const fleet = driveReady({ ...DELAYED, rollout: { maxSurge: 0, maxUnavailable: 1 } }).restarts(2);
    fleet.does();
    fleet.stops();
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is aborted (stopping)',
      'leave #2',
      'drain #3 (cancelled)',
      'fork #4 for slot 0 of generation 1',
    ]);
  });

  test('S10: a successor that is ready stays until all drain; if it crashes, it is respawned as the stable release', () => {
    const fleet = driveReady(DELAYED).restarts(2).ready(3).passes(1_000).exits(1).stops();
    assert.deepEqual(fleet.serving, ['0: #3 of 2', '1: #2 of 1']);
    fleet.does();
    assert.deepEqual(fleet.isKilled(3).does(), ['fork #5 for slot 0 of generation 1']);
  });

  test('no worker is recycled, and the size does not change meanwhile', () => {
    const fleet = driveReady(DELAYED).retires(1).stops();
    fleet.does();
    assert.deepEqual(fleet.retires(2).scales(3).passes(4_000).does(), []);
    assert.deepEqual(fleet.ready(3).does(), ['leave #3']);
    assert.deepEqual(fleet.exits(1).does(), [], 'its successor is there');
    assert.deepEqual(fleet.exits(2).does(), ['fork #4 for slot 1 of generation 1'], 'it has none');
  });

  test('S10: once draining begins no worker is respawned, even in the step in which the delay ends', () => {
    const fleet = driveReady(DELAYED).stops();
    fleet.does();
    fleet.now += 5_000;
    fleet.isKilled(1);
    assert.deepEqual(fleet.does(), ['release sockets', 'drain #2 (shutdown)']);
    assert.deepEqual(fleet.exits(2).does(), ['finish 0 (requested)']);
  });

  test('without a delay no worker is respawned', () => {
    const fleet = driveReady({ size: 2, boot: { timeoutMs: 30_000 } }).isKilled(1);
    fleet.does();
    fleet.now += 30_000;
    fleet.stops();
    assert.deepEqual(fleet.does(), ['kill #3', 'release sockets', 'drain #2 (shutdown)']);
  });

  test('S30: no slot can be filled any more, and no worker is ready -> it does not wait for the end of the delay, exit 1', () => {
    const fleet = driveReady({ ...DELAYED, respawn: { maxEarlyExits: 1 } }).stops();
    fleet.does();
    assert.deepEqual(fleet.isKilled(1).does(), ['slot 0 waits 30000 ms']);
    assert.deepEqual(fleet.isKilled(2).does(), [
      'slot 1 waits 30000 ms',
      'release sockets',
      'finish 1 (gave-up)',
    ]);
  });

  test('S44: stopped while booting, a boot that fails is tried again, and is no failed start', () => {
    const fleet = drive(DELAYED).stops();
    fleet.does();
    assert.deepEqual(fleet.exits(1, 1).does(), ['fork #3 for slot 0 of generation 1']);
    assert.deepEqual(fleet.ready(2).does(), ['leave #2']);
    fleet.passes(5_000).exits(2).exits(3);
    assert.equal(fleet.does().at(-1), 'finish 0 (requested)');
  });

  test('another stop does not prolong it', () => {
    const fleet = driveReady(DELAYED).stops().passes(4_000).stops();
    fleet.does();
    assert.equal(fleet.passes(1_000).does().at(0), 'release sockets');
  });

  test('S42: a forced stop does not wait for it', () => {
    const fleet = driveReady(DELAYED).stops();
    fleet.does();
    assert.deepEqual(fleet.stops({ force: true }).does(), ['release sockets', 'kill #1', 'kill #2']);
  });
});

suite('a forced shutdown', () => {
  test('S42: every worker is killed at once, and the exit code is 1', () => {
    const fleet = driveReady({ size: 2 });
    fleet.stops({ force: true });
    assert.deepEqual(fleet.does(), ['release sockets', 'kill #1', 'kill #2']);
    assert.deepEqual(fleet.isKilled(1, 2).does(), ['finish 1 (forced)']);
  });

  test('S42: after a graceful one -> workers that drain are killed, and the sockets are closed only once', () => {
    const fleet = driveReady({ size: 2 }).stops();
    fleet.does();
    assert.deepEqual(fleet.stops({ force: true }).does(), ['kill #1', 'kill #2']);
    assert.deepEqual(fleet.stops({ force: true }).does(), []);
    assert.deepEqual(fleet.isKilled(1, 2).does(), ['finish 1 (forced)']);
  });

  test('S42: after the fleet has failed -> the reason of that failure stands', () => {
    const failedToBoot = drive({ size: 2 }).exits(1, 1);
    failedToBoot.does();
    assert.deepEqual(failedToBoot.stops({ force: true }).does(), ['kill #2']);
    assert.deepEqual(failedToBoot.isKilled(2).does(), ['finish 1 (boot-failed)']);
    const unclean = driveReady({ size: 2 }).stops().exits(1, 7);
    unclean.does();
    assert.deepEqual(unclean.stops({ force: true }).does(), ['kill #2']);
    assert.deepEqual(unclean.isKilled(2).does(), ['finish 1 (unclean)']);
  });

  test('a rollout that is under way aborts', () => {
    const fleet = driveReady().restarts(2);
    fleet.does();
    assert.deepEqual(fleet.stops({ force: true }).does(), [
      'rollout of 2 is aborted (stopping)',
      'release sockets',
      'kill #1',
      'kill #2',
    ]);
  });
});
