// A crash in a rollout comes back as what it was: a slot keeps its release until its successor is available.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { driveReady } from './drive.ts';
import type { Driven } from './drive.ts';

/** Workers that boot, as `slot: generation`. */
function booting({ fleet }: Driven): readonly string[] {
  return fleet.workers
    .filter(({ state }) => state === 'booting')
    .map(({ slot, generation }) => `${slot}: ${generation}`)
    .toSorted();
}

/** Active workers, as `slot: generation`. */
function active({ fleet }: Driven): readonly string[] {
  return fleet.occupancy.bySlot
    .flatMap((workers) => workers.map(({ slot, generation }) => `${slot}: ${generation}`))
    .toSorted();
}

function releases({ fleet }: Driven): readonly number[] {
  return fleet.slots.map(({ release }) => release.id);
}

suite('a crash in a rollout comes back as what it was', () => {
  test('S11: an old worker is respawned as the stable release, beside its successor or in its empty slot', () => {
    const fleet = driveReady({ size: 2 }).restarts(2);
    fleet.does();
    fleet.isKilled(1);
    assert.deepEqual(fleet.does(), ['fork #4 for slot 0 of generation 1'], 'beside #3');
    fleet.isKilled(2);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 1 of generation 1']);
    assert.deepEqual(releases(fleet), [1, 1]);
  });

  test('S11: a slot that is handed over is respawned as the target, the others as the stable release', () => {
    const fleet = driveReady({ size: 3 }).restarts(2).ready(4).passes(1_000);
    fleet.does();
    assert.deepEqual(releases(fleet), [2, 1, 1]);
    fleet.isKilled(4, 2, 3);
    assert.deepEqual(fleet.does(), [
      'fork #6 for slot 0 of generation 2',
      'fork #7 for slot 1 of generation 1',
      'fork #8 for slot 2 of generation 1',
    ]);
  });

  test('S11: it does not come back beside a successor when there is no room, and takes the first room that there is', () => {
    const fleet = driveReady({ size: 3 }).isKilled(1).isKilled(4).passes(50).isKilled(5).restarts(2);
    fleet.isKilled(2);
    assert.deepEqual(active(fleet), ['0: 2', '1: 1', '1: 2', '2: 1'], 'slot 0 still backs off');
    fleet.does();
    assert.deepEqual(fleet.passes(10_000).does(), [], 'its backoff is over, but the surge is used up');
    fleet.isKilled(8);
    assert.deepEqual(fleet.does(), ['slot 1 waits 50 ms', 'fork #9 for slot 0 of generation 1']);
  });

  test('S7, S11: all workers crash while a release hangs -> the stable release boots at once, under any policy', () => {
    for (const [size, maxSurge, maxUnavailable] of [
      [1, 1, 0],
      [2, 1, 0],
      [2, 0, 1],
      [3, 1, 2],
      [3, 0, 2],
      [3, 2, 1],
      [3, 3, 0],
      [4, 8, 3],
    ] as const) {
      const words = `${size} workers, maxSurge ${maxSurge}, maxUnavailable ${maxUnavailable}`;
      const fleet = driveReady({ size, rollout: { maxSurge, maxUnavailable } }).restarts(2);
      fleet.isKilled(...fleet.fleet.workers.filter(({ state }) => state === 'ready').map(({ id }) => id));
      const next = fleet.fleet.workers.find(
        ({ generation, state }) => generation === 1 && state === 'booting',
      );
      assert.equal(next?.forkedAt, fleet.now, words);
      fleet.ready(next.id).passes(29_000);
      assert.ok(
        fleet.serving.includes(`${next.slot}: #${next.id} of 1`),
        `${words}: it serves as long as the new release hangs`,
      );
      fleet.passes(1_000);
      assert.ok(fleet.does().includes('rollout of 2 is aborted (boot-timeout)'), words);
      assert.ok(
        fleet.serving.includes(`${next.slot}: #${next.id} of 1`),
        `${words}: it serves after the abort`,
      );
    }
  });

  test('S7: the new release hangs -> the stable one serves in every slot long before boot.timeoutMs', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).isKilled(1, 2).ready(4, 5);
    assert.deepEqual(fleet.serving, ['0: #4 of 1', '1: #5 of 1']);
    fleet.does();
    assert.deepEqual(fleet.passes(29_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #3', 'rollout of 2 is aborted (boot-timeout)']);
    assert.deepEqual(fleet.serving, ['0: #4 of 1', '1: #5 of 1']);
  });

  test('S11: a boot of the stable release goes when the successor in its slot is available, not before', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).isKilled(1, 2);
    fleet.does();
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), [], '#3 may crash as soon as it is ready');
    assert.deepEqual(fleet.passes(1).does(), ['drain #4 (cancelled)', 'fork #6 for slot 1 of generation 2']);
    assert.deepEqual(booting(fleet), ['1: 1', '1: 2'], '#5 boots on in slot 1');
    fleet.ready(6).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #5 (cancelled)', 'rollout of 2 is completed']);
  });

  test('S9: a further restart cancels the boot of the release before it, and no boot of the stable one', () => {
    const fleet = driveReady({ size: 3 }).restarts(2).isKilled(1, 2, 3);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 2', '1: 1', '2: 1']);
    fleet.restarts(3);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 3', '1: 1', '2: 1']);
    fleet.restarts(4);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 4', '1: 1', '2: 1']);
  });

  test('S7: boots of the new release that hang do not count towards the boots of the stable one', () => {
    const fleet = driveReady({ size: 3, boot: { concurrency: 1 }, rollout: { maxSurge: 3 } }).restarts(2);
    fleet.isKilled(1, 2, 3);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 2']);
    fleet.ready(5);
    assert.deepEqual(booting(fleet), ['0: 2', '1: 1']);
    fleet.ready(6);
    assert.deepEqual(booting(fleet), ['0: 2', '2: 1']);
  });

  test('S30: the stable release fails to boot -> its slot backs off, and the rollout goes on', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).isKilled(1);
    fleet.does();
    fleet.exits(3, 1);
    assert.deepEqual(fleet.does(), ['slot 0 waits 50 ms']);
    assert.equal(fleet.nextWakeIn, 50);
    assert.deepEqual(fleet.passes(50).does(), ['fork #4 for slot 0 of generation 1']);
    fleet.ready(2).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #4 (cancelled)', 'rollout of 2 is completed']);
  });

  test('S30: the stable release cannot boot any more -> the fleet does not give up while a new one boots', () => {
    const fleet = driveReady({ size: 1, respawn: { maxEarlyExits: 2 } })
      .restarts(2)
      .isKilled(1);
    for (let round = 0; round < 5; round += 1) {
      const respawned = fleet.fleet.workers.find(({ generation }) => generation === 1);
      fleet.exits(respawned?.id ?? NaN, 1).passes(5_000);
    }
    assert.equal(fleet.fleet.phase.name, 'running');
    assert.deepEqual(booting(fleet), ['0: 2']);
    fleet.does();
    fleet.ready(2).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
  });

  test('S30: failures of the stable release do not count against the new one, and do not delay it', () => {
    const fleet = driveReady({
      size: 2,
      respawn: { maxEarlyExits: 2 },
      rollout: { maxSurge: 0, maxUnavailable: 1 },
    })
      .restarts(2)
      .exits(1)
      .isKilled(2);
    fleet.does();
    fleet.exits(4, 1);
    assert.deepEqual(fleet.does(), ['slot 1 waits 30000 ms']);
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), [], 'the last slot is for the stable release');
    assert.deepEqual(
      fleet.passes(1).does(),
      ['fork #5 for slot 1 of generation 2'],
      '#3 has shown that the new release works: its successor does not wait for the backoff',
    );
    assert.equal(fleet.fleet.slots[1]?.backoff.earlyExits, 2, 'of the stable release');
    fleet.ready(5).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
    assert.deepEqual(fleet.fleet.slots[1]?.backoff, { earlyExits: 0, notBefore: 0 });
    assert.deepEqual(fleet.isKilled(5).does(), ['fork #6 for slot 1 of generation 2'], 'its first exit');
  });

  test('S30: in a slot that was at its slowest pace, one crash of an available successor aborts no rollout', () => {
    const fleet = driveReady({ size: 3, respawn: { maxEarlyExits: 2 } })
      .isKilled(1)
      .isKilled(4)
      .restarts(2);
    fleet.does();
    fleet.ready(5).passes(1_000).isKilled(5);
    assert.deepEqual(fleet.does(), ['fork #7 for slot 0 of generation 2']);
  });

  test('S30: a respawned worker that crashes as soon as it is ready does not cancel the other boots', () => {
    const fleet = driveReady({ size: 4, rollout: { maxSurge: 4 } })
      .restarts(2)
      .isKilled(1, 2, 3, 4);
    for (let round = 0; round < 4; round += 1) {
      const [next] = fleet.fleet.workers.filter(
        ({ generation, state }) => generation === 1 && state === 'booting',
      );
      assert.ok(next);
      fleet.ready(next.id).passes(20).exits(next.id, 1);
    }
    assert.ok(!fleet.does().some((what) => what.includes('cancelled')));
  });

  test('S11: scaled down, the stable release keeps a slot', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 0, maxUnavailable: 1 } })
      .restarts(2)
      .isKilled(1, 2, 3);
    fleet.scales(2);
    assert.deepEqual(booting(fleet), ['0: 2', '1: 1']);
  });

  test('S9: a restart does not clear the backoff of the stable release', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).isKilled(1);
    fleet.exits(3, 1);
    fleet.does();
    fleet.restarts(3);
    assert.deepEqual(booting(fleet), ['0: 3']);
    assert.deepEqual(fleet.passes(49).does().slice(-1), ['fork #4 for slot 0 of generation 3']);
    assert.deepEqual(fleet.passes(1).does(), ['fork #5 for slot 0 of generation 1']);
  });

  test('every slot is filled again by the stable release -> fleet-ready names that release', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).isKilled(1).ready(3);
    const told = fleet.told.findLast((announcement) => announcement.type === 'fleet-ready');
    assert.deepEqual([told?.generation, told?.entry], [1, '/srv/releases/1/main.js']);
  });
});

suite('without a surge', () => {
  const ONE_BY_ONE = { size: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } } as const;

  test('S24: a slot that gave its place to its successor is respawned as the target, the other one as it was', () => {
    const fleet = driveReady(ONE_BY_ONE).restarts(2).exits(1);
    fleet.does();
    assert.deepEqual(releases(fleet), [2, 1]);
    fleet.isKilled(2);
    assert.deepEqual(fleet.does(), ['fork #4 for slot 1 of generation 1']);
  });

  test('S78: all workers crashed, and the stable release hangs in its boots -> one of them gives way to the new release', () => {
    const fleet = driveReady(ONE_BY_ONE).isKilled(1, 2);
    assert.deepEqual(booting(fleet), ['0: 1', '1: 1']);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #3 (cancelled)',
      'fork #5 for slot 0 of generation 2',
    ]);
    assert.deepEqual(booting(fleet), ['0: 2', '1: 1'], 'only one');
    fleet.restarts(3);
    assert.deepEqual(booting(fleet), ['0: 3', '1: 1']);
    const successor = fleet.fleet.lastWorkerId;
    fleet.ready(successor).passes(999);
    assert.deepEqual(booting(fleet), ['1: 1']);
    assert.deepEqual(fleet.passes(1).serving, [`0: #${successor} of 3`]);
    assert.deepEqual(booting(fleet), ['1: 3'], 'the next one goes when the first successor is available');
  });

  test('S78: a ready worker stays, and only the one that boots gives way', () => {
    const fleet = driveReady(ONE_BY_ONE).isKilled(2);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #3 (cancelled)',
      'fork #4 for slot 1 of generation 2',
    ]);
    assert.deepEqual(fleet.serving, ['0: #1 of 1']);
  });

  test('S9: a slot whose release was superseded comes back as the stable one, until its successor is available', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 0, maxUnavailable: 1 } })
      .restarts(2)
      .ready(4)
      .passes(1_000)
      .ready(5)
      .passes(1_000);
    assert.deepEqual(fleet.serving, ['0: #4 of 2', '1: #5 of 2']);
    fleet.restarts(3);
    fleet.does();
    assert.deepEqual(booting(fleet), ['2: 3'], 'the boot in slot 2 was cancelled');
    fleet.isKilled(4);
    assert.deepEqual(booting(fleet), ['0: 1', '2: 3']);
    fleet.exits(fleet.fleet.workers.find(({ generation }) => generation === 3)?.id ?? NaN, 1);
    assert.deepEqual(releases(fleet), [1, 1, 1], 'after the abort all are of the stable release');
    assert.deepEqual(booting(fleet), ['0: 1', '2: 1'], 'what boots of another release is cancelled');
    assert.deepEqual(fleet.serving, ['1: #5 of 2'], 'what is ready stays');
  });

  test('S9: a further restart in a slot that was given up -> its next successor comes at once, and nothing between', () => {
    const fleet = driveReady(ONE_BY_ONE).restarts(2);
    fleet.does();
    fleet.restarts(3);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is superseded',
      'rollout of 3 starts',
      'drain #3 (cancelled)',
      'fork #4 for slot 0 of generation 3',
    ]);
  });

  test('S24: no more workers are replaced in place than may boot at once', () => {
    const fleet = driveReady({
      size: 3,
      boot: { concurrency: 1 },
      rollout: { maxSurge: 0, maxUnavailable: 3 },
    }).restarts(2);
    assert.deepEqual(fleet.serving, ['1: #2 of 1', '2: #3 of 1']);
    assert.deepEqual(fleet.ready(4).serving, ['0: #4 of 2', '2: #3 of 1']);
  });

  test('S30: a slot whose successors crash keeps its old worker, and its backoff, where others are replaced in place', () => {
    const fleet = driveReady({
      size: 3,
      respawn: { backoff: { initialMs: 10_000, maxMs: 60_000 } },
      rollout: { maxUnavailable: 1 },
    });
    // Old workers crash, so that the one in slot 0 cannot be spared when its successor is available.
    fleet.restarts(2).isKilled(2, 3).ready(4).passes(1_000).isKilled(4).ready(7).passes(1_000).isKilled(7);
    assert.deepEqual(fleet.fleet.slots[0]?.backoff.earlyExits, 2);
    fleet.ready(6, 8);
    fleet.does();
    fleet.passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #5 (cancelled)', 'fork #9 for slot 2 of generation 2']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #8 of 2', '2: #6 of 1']);
    assert.equal(fleet.nextWakeIn, 4_000);
    assert.deepEqual(fleet.passes(4_000).does(), [
      'drain #1 (rollout)',
      'fork #10 for slot 0 of generation 2',
    ]);
  });

  test('S50: a successor retires before it is available -> it is replaced in place once its slot is handed over', () => {
    const fleet = driveReady({ ...ONE_BY_ONE, respawn: { maxEarlyExits: 2 } })
      .restarts(2)
      .exits(1)
      .isKilled(2);
    fleet.exits(4, 1).ready(3).passes(1_000).ready(5);
    fleet.does();
    assert.deepEqual(fleet.retires(5).passes(999).does(), [], 'slot 1 still belongs to the stable release');
    assert.deepEqual(fleet.passes(1).does(), ['drain #5 (recycle)', 'fork #6 for slot 1 of generation 2']);
  });

  test('a policy that allows no ready worker: all are replaced at once, and the stable release does not boot', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 2 } });
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #1 (rollout)',
      'fork #3 for slot 0 of generation 2',
      'drain #2 (rollout)',
      'fork #4 for slot 1 of generation 2',
    ]);
    assert.deepEqual(fleet.exits(1).exits(2).does(), []);
  });
});
