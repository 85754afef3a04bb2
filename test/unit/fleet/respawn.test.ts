// A worker that crashes is respawned: at once at first, then slower, and at last not at all.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { respawnDelayMs } from '../../../src/fleet/backoff.ts';
import { BOOM, drive, driveReady, policyWith } from './drive.ts';
import type { Driven } from './drive.ts';

/** The newest worker of slot 0 becomes ready and is killed, again and again. */
function crashes(fleet: Driven, times: number): void {
  for (let time = 0; time < times; time += 1) {
    const newest = fleet.fleet.workers.filter(({ slot }) => slot === 0).at(-1);
    if (newest === undefined) throw new Error('slot 0 is empty');
    if (newest.state === 'booting') fleet.ready(newest.id);
    fleet.isKilled(newest.id);
    if (time < times - 1) fleet.passes(30_000 - 1);
  }
}

suite('the backoff', () => {
  const { respawn } = policyWith({
    respawn: { maxEarlyExits: 10, backoff: { initialMs: 100, maxMs: 30_000 } },
  });
  const delays = (random: number): readonly number[] =>
    Array.from({ length: 11 }, (_, earlyExits) => respawnDelayMs(earlyExits, respawn, () => random));

  test('S30: the first respawn is immediate, then a bound doubles with every early exit, up to the slowest pace', () => {
    assert.deepEqual(delays(1), [0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 30_000]);
  });

  test('S30: below the bound it is anywhere (full jitter), the slowest pace has none', () => {
    assert.deepEqual(delays(0), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30_000]);
    assert.deepEqual(delays(0.5).slice(0, 5), [0, 0, 50, 100, 200]);
  });

  test('the bound never exceeds backoff.maxMs', () => {
    const short = { ...respawn, backoff: { initialMs: 100, maxMs: 1_000 } };
    assert.equal(
      respawnDelayMs(9, short, () => 1),
      1_000,
    );
  });

  test('maxEarlyExits 1: already the first early exit makes the slot wait at the slowest pace', () => {
    const strict = { ...respawn, maxEarlyExits: 1 };
    assert.equal(
      respawnDelayMs(1, strict, () => 0),
      30_000,
    );
    assert.equal(
      respawnDelayMs(0, strict, () => 0),
      0,
    );
  });
});

suite('a worker crashes', () => {
  test('S26: it is respawned at once, in its slot', () => {
    const fleet = driveReady({ size: 2 });
    fleet.isKilled(1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
  });

  test('S33: an exit with code 0 that was not requested is a crash, too', () => {
    const fleet = driveReady();
    fleet.exits(1, 0);
    assert.deepEqual(fleet.does(), ['fork #2 for slot 0 of generation 1']);
    assert.ok(fleet.told.some((told) => told.type === 'worker-exited' && !told.expected));
  });

  test('S32: a worker that says it fails is replaced at once, and has the times of a shutdown to drain by itself', () => {
    const fleet = driveReady();
    fleet.fails(1);
    assert.deepEqual(fleet.does(), ['fork #2 for slot 0 of generation 1']);
    fleet.ready(2);
    assert.deepEqual(fleet.passes(8_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #1']);
  });

  test('S77: a second error while failing changes nothing, and its exit is expected', () => {
    const fleet = driveReady().fails(1).ready(2);
    fleet.does();
    fleet.fails(1);
    fleet.exits(1, 1);
    assert.deepEqual(fleet.does(), []);
    assert.ok(fleet.told.some((told) => told.type === 'worker-exited' && told.expected));
  });

  test('a worker whose channel is closed is replaced at once, and has the times of a shutdown to exit', () => {
    const fleet = driveReady();
    fleet.disconnects(1);
    assert.deepEqual(fleet.does(), ['fork #2 for slot 0 of generation 1']);
    assert.equal(fleet.told.filter(({ type }) => type === 'worker-disconnected').length, 1);
    fleet.ready(2).disconnects(1);
    assert.deepEqual(fleet.passes(8_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #1']);
    assert.equal(fleet.told.filter(({ type }) => type === 'worker-disconnected').length, 1);
  });

  test('a closed channel of a worker that drains is not announced', () => {
    const fleet = driveReady().retires(1).passes(0);
    fleet.ready(2).passes(1_000).does();
    fleet.disconnects(1).exits(1).disconnects(1);
    assert.deepEqual(fleet.does(), []);
    assert.equal(fleet.told.filter(({ type }) => type === 'worker-disconnected').length, 0);
  });

  test('a closed channel of a booting worker is a failed boot, of the first release and of a new one', () => {
    assert.ok(drive().disconnects(1).does().includes('release sockets'));
    const fleet = driveReady().restarts(2);
    fleet.does();
    assert.deepEqual(fleet.disconnects(2).does(), ['rollout of 2 is aborted (boot-failed)']);
  });

  test('S27: all workers crash -> all are respawned at once', () => {
    const fleet = driveReady({ size: 3 });
    fleet.isKilled(1, 2, 3);
    assert.deepEqual(fleet.does(), [
      'fork #4 for slot 0 of generation 1',
      'fork #5 for slot 1 of generation 1',
      'fork #6 for slot 2 of generation 1',
    ]);
  });

  test('S75: a fork fails -> the slot backs off as after a crash, and is filled then', () => {
    const fleet = driveReady({ size: 2 });
    fleet.isKilled(1);
    fleet.does();
    fleet.failsToFork(3);
    assert.deepEqual(fleet.does(), ['slot 0 waits 50 ms']);
    assert.deepEqual(fleet.passes(49).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['fork #4 for slot 0 of generation 1']);
  });

  test('a message that comes after the exit changes nothing', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1);
    fleet.does();
    fleet.ready(1).heard(1).retires(1).fails(1).isIncompatible(1).exits(1);
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.serving, ['1: #2 of 1']);
  });
});

suite('a worker crashes again and again', () => {
  test('S30: others are ready -> they serve, and the slot keeps trying at the slowest pace', () => {
    const fleet = driveReady({ size: 2 });
    crashes(fleet, 4);
    assert.deepEqual(fleet.does().slice(-1), ['slot 0 waits 30000 ms']);
    crashes(fleet.passes(30_000), 1);
    assert.deepEqual(fleet.does().slice(-1), ['slot 0 waits 30000 ms']);
    assert.deepEqual(fleet.passes(30_000).does(), ['fork #7 for slot 0 of generation 1']);
    assert.deepEqual(fleet.serving, ['1: #2 of 1']);
  });

  test('S30: every slot is at its slowest pace and none is ready -> it gives up', () => {
    const fleet = driveReady();
    crashes(fleet, 4);
    assert.deepEqual(fleet.does().slice(-2), ['release sockets', 'finish 1 (gave-up)']);
  });

  test('S30: one slot is at its slowest pace, another one is not, and none is ready -> it goes on', () => {
    const fleet = driveReady({ size: 2, respawn: { maxEarlyExits: 2 } })
      .isKilled(1)
      .isKilled(2)
      .isKilled(3);
    assert.deepEqual(fleet.does().slice(-1), ['slot 0 waits 30000 ms']);
    assert.equal(fleet.fleet.phase.name, 'running');
    fleet.isKilled(4);
    assert.deepEqual(fleet.does().slice(-1), ['finish 1 (gave-up)']);
  });

  test('S30: only successors of a worker that is ready fail -> it goes on', () => {
    const fleet = driveReady({ respawn: { maxEarlyExits: 1 } })
      .retires(1)
      .exits(2, 1);
    assert.deepEqual(fleet.does().slice(-1), ['slot 0 waits 30000 ms']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1']);
  });

  test('S30: all workers killed three times is no reason to give up', () => {
    const fleet = driveReady({ size: 2 });
    for (const all of [
      [1, 2],
      [3, 4],
      [5, 6],
    ]) {
      fleet
        .ready(...all)
        .isKilled(...all)
        .passes(30_000);
    }
    assert.deepEqual(
      fleet.fleet.workers.map(({ id, state }) => `#${id} ${state}`),
      ['#7 booting', '#8 booting'],
    );
  });

  test('S31: a crash after an uptime of minUptimeMs -> the backoff starts from the beginning', () => {
    const fleet = driveReady({ size: 2 });
    crashes(fleet, 3);
    fleet.passes(30_000).ready(5).passes(5_000);
    fleet.does();
    fleet.isKilled(5);
    assert.deepEqual(fleet.does(), ['fork #6 for slot 0 of generation 1']);
    fleet.isKilled(6);
    assert.deepEqual(fleet.does(), ['fork #7 for slot 0 of generation 1']);
  });

  test('S31: such an uptime counts, even if it ends with a request to retire and not with a crash', () => {
    const fleet = driveReady({ size: 2 });
    crashes(fleet, 3);
    fleet.passes(30_000).ready(5).passes(5_000).retires(5);
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 0);
  });

  test('S31: the uptime of a worker that retires does not clear the backoff of its successors', () => {
    const fleet = driveReady({ size: 2 }).passes(10_000).retires(1).isKilled(3).isKilled(4);
    fleet.passes(10);
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 2);
  });

  test('S78: a restart does not wait for the backoff: the new release is forked at once', () => {
    const fleet = driveReady({ size: 2 });
    crashes(fleet, 4);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'fork #6 for slot 0 of generation 2',
      'fork #7 for slot 1 of generation 2',
    ]);
    assert.equal(
      fleet.fleet.slots[0]?.backoff.earlyExits,
      4,
      'of the stable release, as long as it may come back',
    );
  });

  test('the announcement of a delay has the number of early exits and the time', () => {
    const fleet = driveReady({ size: 2 });
    crashes(fleet, 4);
    assert.deepEqual(fleet.told.at(-1), {
      type: 'respawn-delayed',
      slot: 0,
      generation: 1,
      earlyExits: 4,
      delayMs: 30_000,
      slowest: true,
    });
  });

  test('the ending has the error of the last worker that failed', () => {
    const fleet = drive({ respawn: { maxEarlyExits: 1 } })
      .ready(1)
      .fails(1)
      .exits(1, 1);
    assert.deepEqual(fleet.fleet.phase, {
      name: 'stopped',
      ending: { exitCode: 1, reason: 'gave-up', error: BOOM },
    });
  });
});
