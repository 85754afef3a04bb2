// How many workers drain at once: a rollout waits where there are enough, and nothing else does.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { driveReady } from './drive.ts';

/** How many workers drain that have served. */
function draining(fleet: ReturnType<typeof driveReady>): number {
  return fleet.fleet.workers.filter((worker) => worker.state === 'draining' && worker.wasReady).length;
}

suite('workers that drain', () => {
  test('S105: with maxDraining 1 the next old worker drains only when the one before has exited', () => {
    const fleet = driveReady({ size: 3, rollout: { maxDraining: 1 } })
      .restarts(2)
      .ready(4)
      .passes(1_000);
    fleet.does();
    // #1 drains, with a long request.
    fleet.ready(5).passes(5_000);
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.serving, ['0: #4 of 2', '1: #2 of 1', '1: #5 of 2', '2: #3 of 1']);
    fleet.exits(1);
    assert.deepEqual(fleet.does(), ['drain #2 (rollout)', 'fork #6 for slot 2 of generation 2']);
    fleet.ready(6).passes(1_000).exits(2);
    assert.deepEqual(fleet.does(), ['drain #3 (rollout)', 'rollout of 2 is completed']);
  });

  test('S105: one whose grace is over is killed, and the rollout goes on at once', () => {
    const fleet = driveReady({ size: 2, rollout: { maxDraining: 1, graceMs: 20_000 } })
      .restarts(2)
      .ready(3)
      .passes(1_000)
      .ready(4)
      .passes(1_000);
    fleet.does();
    assert.deepEqual(fleet.passes(21_000).does(), [
      'kill #1',
      'drain #2 (rollout)',
      'rollout of 2 is completed',
    ]);
  });

  test('S105: those of former rollouts count, also of one that is superseded, so they do not pile up', () => {
    const fleet = driveReady({ size: 4, rollout: { maxDraining: 2, graceMs: 600_000 } });
    let most = 0;
    let generation = 1;
    for (let round = 0; round < 40; round += 1) {
      if (round % 3 === 0) fleet.restarts((generation += 1));
      for (const worker of fleet.fleet.workers) {
        if (worker.state === 'booting') fleet.ready(worker.id);
        // A boot that is cancelled has served nobody, and goes at once.
        if (worker.state === 'draining' && !worker.wasReady) fleet.isKilled(worker.id);
      }
      fleet.passes(round % 2 === 0 ? 1_000 : 700);
      most = Math.max(most, draining(fleet));
    }
    assert.equal(most, 2);
    assert.ok(fleet.fleet.workers.length <= 4 + 1 + 2, 'workers, one of maxSurge, and two that drain');
    // When the requests end, so does the last rollout.
    for (let round = 0; round < 20; round += 1) {
      for (const { id, state } of fleet.fleet.workers) {
        if (state === 'draining') fleet.exits(id);
        if (state === 'booting') fleet.ready(id);
      }
      fleet.passes(1_000);
    }
    assert.ok(
      fleet.serving.every((worker) => worker.endsWith(`of ${generation}`)),
      fleet.serving.join(),
    );
  });

  test('S105: without a bound a rollout waits for none', () => {
    const fleet = driveReady({ size: 3, rollout: { maxDraining: Infinity } }).restarts(2);
    for (const id of [4, 5, 6]) fleet.ready(id).passes(1_000);
    assert.equal(draining(fleet), 3);
    assert.ok(fleet.does().includes('rollout of 2 is completed'));
  });

  test('S105: a quarter follows the size, and is at least 1', () => {
    for (const [size, most] of [
      [2, 1],
      [8, 2],
    ] as const) {
      const fleet = driveReady({ size, rollout: { maxDraining: 'quarter', maxSurge: 8 } }).restarts(2);
      for (let id = size + 1; id <= 2 * size; id += 1) fleet.ready(id);
      fleet.passes(1_000);
      assert.equal(draining(fleet), most);
    }
  });

  test('S105: where no successor runs beside the old worker, it waits too', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 1, maxDraining: 1 } });
    fleet.restarts(2);
    assert.deepEqual(fleet.does().slice(1), ['drain #1 (rollout)', 'fork #3 for slot 0 of generation 2']);
    assert.deepEqual(fleet.ready(3).passes(1_000).does(), []);
    assert.deepEqual(fleet.exits(1).does(), ['drain #2 (rollout)', 'fork #4 for slot 1 of generation 2']);
  });

  test('S105: a worker that retires waits like one that a rollout replaces', () => {
    const fleet = driveReady({ size: 2, rollout: { maxDraining: 1 } })
      .retires(1)
      .ready(3)
      .passes(1_000);
    fleet.retires(2);
    fleet.does();
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.exits(1).does(), ['drain #2 (recycle)']);
  });

  test('S105: a smaller size, a failure and a shutdown wait for nothing', () => {
    const fleet = driveReady({ size: 4, rollout: { maxDraining: 1 } });
    fleet.fails(1).scales(2);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 0 of generation 1', 'drain #4 (scale)']);
    fleet.ready(5).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #3 (scale)']);
    assert.equal(draining(fleet), 3);
    fleet.stops();
    assert.deepEqual(fleet.does().filter((word) => word.startsWith('drain')).length, 5);
  });
});
