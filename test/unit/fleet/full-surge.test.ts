// There is room for all successors at once: a rollout is all or nothing.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { driveReady } from './drive.ts';

suite('with maxSurge >= size', () => {
  const FULL = { size: 3, rollout: { maxSurge: 3 } } as const;

  test('S23: all successors are available before any old worker drains', () => {
    const fleet = driveReady(FULL).restarts(2);
    assert.equal(fleet.does().filter((words) => words.startsWith('fork')).length, 3);
    fleet.ready(4, 5).passes(10_000);
    assert.deepEqual(fleet.does(), []);
    fleet.ready(6).passes(1_000);
    assert.deepEqual(fleet.does(), [
      'drain #1 (rollout)',
      'drain #2 (rollout)',
      'drain #3 (rollout)',
      'rollout of 2 is completed',
    ]);
  });

  test('S23: that holds while successors still wait until others have booted', () => {
    const fleet = driveReady({ ...FULL, boot: { concurrency: 1 } }).restarts(2);
    fleet.ready(4).passes(5_000).ready(5).passes(5_000);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'fork #4 for slot 0 of generation 2',
      'fork #5 for slot 1 of generation 2',
      'fork #6 for slot 2 of generation 2',
    ]);
    fleet.ready(6).passes(1_000);
    assert.equal(fleet.does().filter((words) => words.startsWith('drain')).length, 3);
  });

  test('S23: one fails -> all old workers stay, and the successors go: a full rollback', () => {
    const fleet = driveReady(FULL).restarts(2).ready(4, 5).passes(1_000);
    fleet.does();
    fleet.exits(6, 1);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is aborted (boot-failed)',
      'drain #5 (rollout)',
      'drain #4 (rollout)',
    ]);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #2 of 1', '2: #3 of 1']);
  });

  test('S23: that holds whatever maxUnavailable is', () => {
    const fleet = driveReady({ ...FULL, rollout: { maxSurge: 3, maxUnavailable: 2 } }).restarts(2);
    fleet.ready(4, 5).passes(10_000);
    assert.ok(fleet.does().every((words) => !words.startsWith('drain')));
  });

  test('S23: an available successor crashes, and the old workers wait for its replacement', () => {
    const fleet = driveReady(FULL).restarts(2).ready(4, 5).passes(1_000).isKilled(4).ready(6);
    fleet.does();
    fleet.passes(10_000);
    assert.deepEqual(fleet.does(), []);
    fleet.ready(7).passes(1_000);
    assert.equal(fleet.does().filter((words) => words.startsWith('drain')).length, 3);
  });

  test('S23: surplus workers of a slot that was scaled away take room -> no old worker drains until they are gone', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 2 } })
      .isKilled(1, 2)
      .scales(2);
    fleet.restarts(2).ready(6).passes(999).ready(4, 5);
    fleet.does();
    assert.deepEqual(fleet.passes(1).does(), [], '#6 is available, but slot 1 has no successor yet');
    assert.deepEqual(fleet.serving, ['0: #4 of 1', '0: #6 of 2', '1: #5 of 1', '2: #3 of 1']);
    assert.deepEqual(fleet.passes(999).does(), ['drain #3 (scale)', 'fork #7 for slot 1 of generation 2']);
  });
});
