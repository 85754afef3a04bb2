// One worker is the leader: never two, and soon one again.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, driveReady } from './drive.ts';
import type { Driven } from './drive.ts';

suite('the leader', () => {
  test('S108: the first worker that is ready is elected, and stays the leader', () => {
    const fleet = drive({ size: 3 });
    assert.equal(leader(fleet), null);
    assert.equal(leader(fleet.ready(2)), 2);
    fleet.ready(1, 3).passes(60_000);
    assert.deepEqual(elections(fleet), ['#2 elected']);
  });

  test('S108: it crashes -> the next one is elected in the same step', () => {
    const fleet = driveReady({ size: 2 });
    assert.equal(leader(fleet.isKilled(1)), 2);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(elections(fleet), ['#1 elected', '#2 elected']);
  });

  test('S108: it drains -> the next one is elected when it has stepped down, not before', () => {
    const fleet = driveReady({ size: 2 }).retires(1).ready(3).passes(1_000);
    assert.equal(stateOf(fleet, 1), 'draining');
    assert.equal(leader(fleet.passes(5_000)), 1);
    assert.equal(leader(fleet.stepsDown(1)), 3);
    assert.equal(stateOf(fleet, 1), 'draining', 'it may go on draining');
    assert.deepEqual(elections(fleet), ['#1 elected', '#1 stepped down', '#3 elected']);
    fleet.exits(1);
    assert.equal(leader(fleet), 3);
  });

  test('S108: it drains, and exits without a word -> the next one is elected then', () => {
    const fleet = driveReady({ size: 2 }).retires(1).ready(3).passes(1_000);
    assert.equal(leader(fleet), 1);
    assert.equal(leader(fleet.exits(1)), 3);
  });

  test('S108: it does not finish -> it is killed at the deadline of its drain, and is the leader until it has exited', () => {
    const fleet = driveReady({ size: 2 }).retires(1).ready(3).passes(1_000);
    fleet.passes(60_000);
    assert.equal(stateOf(fleet, 1), 'killing');
    assert.equal(leader(fleet), 1);
    assert.equal(leader(fleet.isKilled(1)), 3);
  });

  test('S108: it hangs -> it is the leader until the watchdog has killed it, and it has exited', () => {
    const fleet = driveReady({ size: 2, watchdog: { timeoutMs: 30_000 } });
    for (let second = 0; second < 32; second += 2) fleet.heard(2).passes(2_000);
    assert.equal(stateOf(fleet, 1), 'killing');
    assert.equal(leader(fleet), 1);
    assert.equal(leader(fleet.isKilled(1)), 2);
  });

  test('S108: its channel is closed -> it is the leader until it has exited: it may still be at work', () => {
    const fleet = driveReady({ size: 2 }).disconnects(1);
    assert.equal(leader(fleet), 1);
    assert.equal(leader(fleet.exits(1, 1)), 2);
  });

  test('S108: it fails -> the next one is elected when it has stepped down', () => {
    const fleet = driveReady({ size: 2 }).fails(1);
    assert.equal(leader(fleet), 1);
    assert.equal(leader(fleet.stepsDown(1)), 2);
  });

  for (const [slot, size] of [
    [0, 3],
    [2, 3],
  ] as const) {
    test(`S108: a rollout moves the leader of slot ${slot} once, to a worker of the new release`, () => {
      const fleet = drive({ size }).ready(slot + 1);
      for (let id = 1; id <= size; id += 1) fleet.ready(id);
      fleet.passes(1_000).restarts(2);
      for (let id = size + 1; id <= 2 * size; id += 1) {
        fleet.ready(id).passes(1_000);
        stepDownIfDraining(fleet);
        fleet.exits(id - size);
      }
      assert.deepEqual(elections(fleet), [
        `#${slot + 1} elected`,
        `#${slot + 1} stepped down`,
        `#${size + 1} elected`,
      ]);
    });
  }

  test('S108: with no room for a successor, an old worker leads in between', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } }).restarts(2);
    assert.equal(leader(fleet.stepsDown(1)), 2);
    assert.equal(leader(fleet.ready(3).passes(1_000).stepsDown(2)), 3);
  });

  test('S108: a rollout aborts -> the leader stays where it is', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3).passes(1_000).stepsDown(1);
    assert.equal(leader(fleet), 3);
    fleet.fails(4).passes(60_000);
    assert.ok(fleet.does().includes('rollout of 2 is aborted (boot-failed)'));
    assert.equal(leader(fleet), 3);
  });

  test('S108: one that is scaled away -> the next one is elected when it has stepped down', () => {
    const fleet = drive({ size: 3 }).ready(3, 1, 2).passes(1_000).scales(2);
    assert.equal(stateOf(fleet, 3), 'draining');
    assert.equal(leader(fleet), 3);
    assert.equal(leader(fleet.stepsDown(3)), 1);
  });

  test('S108: one that is available is preferred, then one that stays, then the lowest slot', () => {
    const fleet = driveReady({ size: 4 }).isKilled(1).ready(5);
    assert.equal(leader(fleet), 2, 'it was the only choice when #1 had gone');
    fleet.retires(3).isKilled(2);
    assert.equal(leader(fleet), 4, '#5 of slot 0 is not available yet, and #3 is to be replaced');
  });

  test('S108: nobody is elected in a shutdown; during shutdown.delayMs one is', () => {
    const fleet = driveReady({ size: 2, shutdown: { delayMs: 5_000 } }).stops();
    assert.equal(leader(fleet.isKilled(1)), 2);
    fleet.ready(3).passes(5_000);
    assert.equal(leader(fleet.stepsDown(2)), null);
  });

  test('a worker that is not the leader says that it has stepped down -> nothing changes', () => {
    const fleet = driveReady({ size: 2 }).stepsDown(2);
    assert.equal(leader(fleet), 1);
    assert.deepEqual(elections(fleet), ['#1 elected']);
  });
});

function leader({ fleet }: Driven): number | null {
  return fleet.leader;
}

function stateOf({ fleet }: Driven, id: number): string | undefined {
  return fleet.workers.find((worker) => worker.id === id)?.state;
}

/** As a worker does that has nothing to finish. */
function stepDownIfDraining(fleet: Driven): void {
  const id = leader(fleet);
  if (id !== null && stateOf(fleet, id) === 'draining') fleet.stepsDown(id);
}

/** Each election has its command. */
function elections({ commands, told }: Driven): readonly string[] {
  const elected = commands.flatMap((command) => (command.type === 'elect' ? [command.worker] : []));
  const announced = told.flatMap((each) => (each.type === 'leader-elected' ? [each.worker.id] : []));
  assert.deepEqual(announced, elected);
  return told.flatMap((each) => {
    if (each.type === 'leader-elected') return [`#${each.worker.id} elected`];
    return each.type === 'leader-stepped-down' ? [`#${each.worker.id} stepped down`] : [];
  });
}
