// A newer generation is the target: every old worker drains when its successor is available.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, driveReady } from './drive.ts';

suite('a rollout', () => {
  test('S5: one by one with maxSurge 1; an old worker drains when its successor is available, not before', () => {
    const fleet = driveReady({ size: 2 });
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), ['rollout of 2 starts', 'fork #3 for slot 0 of generation 2']);
    fleet.passes(300).ready(3);
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.passes(999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #1 (rollout)', 'fork #4 for slot 1 of generation 2']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (rollout)', 'rollout of 2 is completed']);
    assert.deepEqual(fleet.serving, ['0: #3 of 2', '1: #4 of 2']);
  });

  test('S12: it does not wait for workers that drain; they have graceMs and closeMs', () => {
    const fleet = driveReady({ size: 2, rollout: { graceMs: 20_000 } })
      .restarts(2)
      .ready(3)
      .passes(1_000);
    fleet.ready(4).passes(1_000);
    assert.ok(fleet.does().includes('rollout of 2 is completed'));
    assert.deepEqual(fleet.passes(20_000).does(), []);
    assert.deepEqual(fleet.passes(1_000).does(), ['kill #1']);
    assert.deepEqual(fleet.passes(1_000).does(), ['kill #2']);
    assert.deepEqual(fleet.isKilled(1, 2).does(), []);
  });

  test('the drain says that other workers go on accepting, with the times of a rollout', () => {
    const fleet = driveReady().restarts(2).ready(2).passes(1_000);
    assert.deepEqual(
      fleet.commands.find(({ type }) => type === 'drain'),
      {
        type: 'drain',
        worker: 1,
        cause: 'rollout',
        final: false,
        idleMs: 5_000,
        graceMs: 20_000,
        closeMs: 2_000,
      },
    );
  });

  test('S21, S74: a fork carries the release that was pinned when the restart was requested', () => {
    const fleet = driveReady().restarts(2).ready(2).passes(1_000).isKilled(2);
    assert.deepEqual(
      fleet.commands.findLast(({ type }) => type === 'fork'),
      {
        type: 'fork',
        worker: 3,
        slot: 0,
        generation: { id: 2, entry: '/srv/releases/2/main.js', cwd: '/srv/releases/2' },
      },
    );
  });

  test('S22: a fleet of one has two ready workers before the old one drains', () => {
    const fleet = driveReady().restarts(2).ready(2);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '0: #2 of 2']);
    assert.deepEqual(fleet.passes(1_000).does().slice(-2), [
      'drain #1 (rollout)',
      'rollout of 2 is completed',
    ]);
  });

  test('S5: maxSurge 2 forks two at a time', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 2 } }).restarts(2);
    assert.deepEqual(fleet.does().slice(1), [
      'fork #4 for slot 0 of generation 2',
      'fork #5 for slot 1 of generation 2',
    ]);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), [], '#5 was forked with it, so #1 waits for both');
    fleet.ready(5).passes(1_000);
    assert.deepEqual(fleet.does(), [
      'drain #1 (rollout)',
      'drain #2 (rollout)',
      'fork #6 for slot 2 of generation 2',
    ]);
  });

  test('S24: maxSurge 0, maxUnavailable 1 -> an old worker goes first, and only one at a time', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } }).restarts(2);
    assert.deepEqual(fleet.does().slice(1), ['drain #1 (rollout)', 'fork #3 for slot 0 of generation 2']);
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #2 (rollout)', 'fork #4 for slot 1 of generation 2']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
  });

  test('maxUnavailable 1 with a surge -> the first old workers go only when a successor is available', () => {
    const fleet = driveReady({ size: 3, rollout: { maxUnavailable: 1 } }).restarts(2);
    assert.deepEqual(fleet.does().slice(1), ['fork #4 for slot 0 of generation 2']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), [
      'drain #1 (rollout)',
      'fork #5 for slot 1 of generation 2',
      'drain #3 (rollout)',
      'fork #6 for slot 2 of generation 2',
    ]);
    assert.deepEqual(fleet.serving, ['0: #4 of 2', '1: #2 of 1'], 'one may be unavailable');
    fleet.ready(5).passes(1_000);
    assert.deepEqual(fleet.does(), [], '#6 was forked with it, so #2 waits for both');
    fleet.ready(6).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (rollout)', 'rollout of 2 is completed']);
  });

  test('maxUnavailable 1 with a surge -> an old worker without a successor goes only after those that have one', () => {
    const fleet = driveReady({ size: 3, rollout: { maxUnavailable: 1 } })
      .isKilled(2, 3)
      .restarts(2)
      .ready(6)
      .passes(500)
      .ready(4);
    fleet.does();
    fleet.passes(500);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '0: #6 of 2', '1: #4 of 1']);
    assert.deepEqual(fleet.does(), [], '#1 cannot be spared; #4, which is not available, could be');
    assert.deepEqual(fleet.passes(499).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #1 (rollout)', 'fork #7 for slot 1 of generation 2']);
  });

  test('S11: an old worker is killed -> it comes back as what it was, is replaced in its turn, and the rollout completes', () => {
    const fleet = driveReady({ size: 2 }).restarts(2);
    fleet.does();
    fleet.isKilled(2);
    assert.deepEqual(fleet.does(), ['fork #4 for slot 1 of generation 1']);
    fleet.ready(3, 4).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (rollout)', 'fork #5 for slot 1 of generation 2']);
    fleet.ready(5).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #4 (rollout)', 'rollout of 2 is completed']);
  });

  test('S11: no old worker is left, and still it completes only when the successors are available', () => {
    const fleet = driveReady().restarts(2).isKilled(1).ready(2);
    fleet.does();
    assert.deepEqual(fleet.passes(999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #3 (cancelled)', 'rollout of 2 is completed']);
  });

  test('S11: an available successor is killed -> it is respawned, and the rollout completes', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3).passes(1_000).isKilled(3);
    assert.deepEqual(fleet.does().slice(-1), ['fork #5 for slot 0 of generation 2']);
    fleet.ready(4, 5).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (rollout)', 'rollout of 2 is completed']);
  });

  test('S9: five restarts at once -> four are superseded, and the fleet ends in one generation', () => {
    const fleet = driveReady({ size: 2 });
    for (const release of [2, 3, 4, 5, 6]) fleet.restarts(release);
    for (let round = 0; round < 3; round += 1) {
      for (const { id, state } of fleet.fleet.workers) {
        if (state === 'draining') fleet.exits(id);
        if (state === 'booting') fleet.ready(id);
      }
      fleet.passes(1_000);
    }
    assert.deepEqual(
      fleet.does().filter((words) => words.startsWith('rollout')),
      [
        'rollout of 2 starts',
        'rollout of 2 is superseded',
        'rollout of 3 starts',
        'rollout of 3 is superseded',
        'rollout of 4 starts',
        'rollout of 4 is superseded',
        'rollout of 5 starts',
        'rollout of 5 is superseded',
        'rollout of 6 starts',
        'rollout of 6 is completed',
      ],
    );
    assert.deepEqual(
      fleet.fleet.workers.map(({ slot, generation, state }) => `${slot} ${generation} ${state}`),
      ['0 6 ready', '1 6 ready'],
    );
  });

  test('a successor that is superseded before it is available goes, not the old worker', () => {
    const fleet = driveReady().restarts(2).ready(2);
    fleet.does();
    fleet.restarts(3);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is superseded',
      'rollout of 3 starts',
      'drain #2 (rollout)',
      'fork #3 for slot 0 of generation 3',
    ]);
    fleet.exits(3, 1);
    assert.deepEqual(fleet.does(), ['rollout of 3 is aborted (boot-failed)']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1']);
  });

  test('there is no room for the third release while a worker of the second one is surplus, and cannot be spared', () => {
    const fleet = drive({ size: 2 })
      .ready(1)
      .passes(1_000)
      .restarts(2)
      .ready(3)
      .passes(500)
      .ready(2)
      .restarts(3);
    fleet.does();
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '0: #3 of 2', '1: #2 of 1']);
    assert.deepEqual(fleet.passes(999).does(), [], '#2 is not available yet, so #3 cannot be spared');
    assert.deepEqual(fleet.passes(1).does(), ['drain #3 (rollout)', 'fork #4 for slot 0 of generation 3']);
  });

  test('S78: slots that back off do not delay a rollout; a slot loses its backoff when it is handed over', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1).isKilled(3).passes(50).isKilled(4);
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 3);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does().slice(1), [
      'fork #5 for slot 0 of generation 2',
      'fork #6 for slot 1 of generation 2',
    ]);
    fleet.ready(5).passes(999);
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 3, 'of the stable release');
    fleet.passes(1);
    assert.deepEqual(fleet.fleet.slots[0]?.backoff, { earlyExits: 0, notBefore: 0 });
    assert.equal(fleet.fleet.slots[0]?.release.id, 2);
  });

  test('minReadyMs 0: a ready worker is available', () => {
    const fleet = driveReady({ rollout: { minReadyMs: 0 } }).restarts(2);
    fleet.does();
    assert.deepEqual(fleet.ready(2).does(), ['drain #1 (rollout)', 'rollout of 2 is completed']);
  });

  test('S5: the fleet is scaled up during a rollout -> new slots begin with the stable release, and are replaced in their turn', () => {
    const fleet = driveReady({ size: 1 }).restarts(2);
    fleet.does();
    fleet.scales(2);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 1 of generation 1']);
    fleet.ready(2, 3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (rollout)', 'fork #4 for slot 1 of generation 2']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #3 (rollout)', 'rollout of 2 is completed']);
    assert.deepEqual(fleet.serving, ['0: #2 of 2', '1: #4 of 2']);
  });

  test('S5: a slot that was added during a rollout which aborts keeps the stable release', () => {
    const fleet = driveReady({ size: 1 }).restarts(2).scales(2);
    fleet.does();
    assert.deepEqual(fleet.exits(2, 1).does(), ['rollout of 2 is aborted (boot-failed)']);
    assert.deepEqual(fleet.ready(3).serving, ['0: #1 of 1', '1: #3 of 1']);
  });
});
