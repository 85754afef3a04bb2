// Nobody serves while a release is rolled out that has not shown yet that it works: what does work is booted, too.
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

suite('everybody dies in a rollout', () => {
  test('S11: the new release keeps the workers that it has, and what is known to work boots where there is room', () => {
    const fleet = driveReady({ size: 2 }).restarts(2);
    fleet.does();
    fleet.isKilled(1);
    assert.deepEqual(fleet.does(), ['fork #4 for slot 1 of generation 2'], '#2 serves');
    fleet.isKilled(2);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 0 of generation 1']);
  });

  test('S7: the new release hangs -> what works serves long before boot.timeoutMs, and after the abort everywhere', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).isKilled(1, 2).ready(5);
    assert.deepEqual(fleet.serving, ['0: #5 of 1']);
    fleet.does();
    fleet.passes(30_000);
    assert.deepEqual(fleet.does(), [
      'kill #3',
      'kill #4',
      'rollout of 2 is aborted (boot-timeout)',
      'fork #6 for slot 1 of generation 1',
    ]);
  });

  test('S11: somebody serves again, and has shown that it works -> what still boots of the old release is cancelled', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).isKilled(1, 2);
    fleet.does();
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), [], 'it may break as soon as it is ready');
    assert.deepEqual(fleet.passes(1).does(), ['drain #5 (cancelled)']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
  });

  test('S9: a further restart gets one worker to show itself with, and does not stop what is known to work', () => {
    const fleet = driveReady({ size: 3 }).restarts(2).isKilled(1, 2, 3);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 2', '1: 2', '2: 2']);
    fleet.restarts(3);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 3', '1: 1', '2: 1']);
    fleet.restarts(4);
    assert.deepEqual(booting(fleet), ['0: 1', '0: 4', '1: 1', '2: 1']);
  });

  test('S7: boots of the new release that hang do not keep what is known to work waiting', () => {
    const fleet = driveReady({ size: 3, boot: { concurrency: 1 }, rollout: { maxSurge: 3 } }).restarts(2);
    fleet.isKilled(1, 2, 3);
    assert.deepEqual(booting(fleet), ['0: 2', '1: 1']);
  });

  test('S30: what is known to work fails to boot -> it backs off, and the rollout goes on', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).isKilled(1);
    fleet.does();
    fleet.exits(3, 1);
    assert.deepEqual(fleet.does(), ['slot 0 waits 50 ms']);
    assert.equal(fleet.nextWakeIn, 50);
    assert.deepEqual(fleet.passes(50).does(), ['fork #4 for slot 0 of generation 1']);
    fleet.ready(2).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #4 (cancelled)', 'rollout of 2 is completed']);
  });

  test('S30: what was known to work can not boot any more -> nobody gives up on the new release for it', () => {
    const fleet = driveReady({ size: 1, respawn: { maxEarlyExits: 2 } })
      .restarts(2)
      .isKilled(1);
    for (let death = 0; death < 5; death += 1) {
      const stopgap = fleet.fleet.workers.find(({ generation }) => generation === 1);
      fleet.exits(stopgap?.id ?? NaN, 1).passes(5_000);
    }
    assert.equal(fleet.fleet.phase.name, 'running');
    assert.deepEqual(booting(fleet), ['0: 2']);
    fleet.does();
    fleet.ready(2).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
  });

  test('S30: its deaths do not count against the new release, and do not delay it', () => {
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
    assert.deepEqual(
      fleet.does(),
      ['slot 1 waits 30000 ms'],
      'the last place is kept for what is known to work',
    );
    fleet.ready(3);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 1 of generation 2'], 'now somebody serves');
    fleet.passes(1_000).ready(5).passes(500).isKilled(3).passes(500);
    fleet.does();
    fleet.isKilled(5);
    assert.deepEqual(fleet.does(), [], 'no abort for its first death');
    assert.deepEqual(fleet.ready(6).does(), ['fork #7 for slot 1 of generation 2']);
    fleet.ready(7).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
  });

  test('S30: stopgaps that break as soon as they are ready do not start each other anew', () => {
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

  test('S11: scaled down, the last stopgap keeps a place', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 0, maxUnavailable: 1 } })
      .restarts(2)
      .isKilled(1, 2, 3);
    fleet.scales(2);
    assert.deepEqual(booting(fleet), ['0: 2', '1: 1']);
  });

  test('S9: a restart does not make what is known to work forget that it has to back off', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).isKilled(1);
    fleet.exits(3, 1);
    fleet.does();
    fleet.restarts(3);
    assert.deepEqual(booting(fleet), ['0: 3']);
    assert.deepEqual(fleet.passes(50).does().slice(-1), ['fork #5 for slot 0 of generation 1']);
  });

  test('every slot is filled again by what is known to work -> it is told that it is that', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).isKilled(1).ready(3);
    const told = fleet.told.findLast((announcement) => announcement.type === 'fleet-ready');
    assert.deepEqual([told?.generation, told?.entry], [1, '/srv/releases/1/main.js']);
  });

  test('S78: everybody dead, what was known to work hangs in its boot -> a restart boots the new release at once', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } }).isKilled(1, 2);
    assert.deepEqual(booting(fleet), ['0: 1', '1: 1']);
    fleet.restarts(2);
    assert.deepEqual(booting(fleet), ['0: 1', '1: 2'], 'the youngest gives way');
    fleet.restarts(3);
    assert.deepEqual(booting(fleet), ['0: 1', '1: 3']);
  });

  test('S24: without a surge the slot that is empty goes to what is known to work', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } })
      .restarts(2)
      .exits(1);
    fleet.does();
    fleet.isKilled(2);
    assert.deepEqual(fleet.does(), ['fork #4 for slot 1 of generation 1']);
  });

  test('a policy that lets nobody serve has it so: everybody is replaced at once, and nothing old is booted', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 2 } });
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #1 (rollout)',
      'fork #3 for slot 0 of generation 2',
      'drain #2 (rollout)',
      'fork #4 for slot 1 of generation 2',
    ]);
  });
});
