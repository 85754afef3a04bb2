// One worker is to be replaced although its release is current.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { driveReady } from './drive.ts';

suite('a worker is tired', () => {
  test('S79: it is replaced start-first', () => {
    const fleet = driveReady({ size: 2 });
    fleet.tires(2);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 1 of generation 1']);
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #2 (recycle)']);
  });

  test('S49: all are tired at once -> one after the other', () => {
    const fleet = driveReady({ size: 2 }).tires(1).tires(2).tires(1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)', 'fork #4 for slot 1 of generation 1']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (recycle)']);
  });

  test('S79: start-first even where one may be missed', () => {
    const fleet = driveReady({ size: 2, rollout: { maxUnavailable: 1 } }).tires(1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)']);
  });

  test('with maxSurge 0 it goes first', () => {
    const fleet = driveReady({ rollout: { maxSurge: 0, maxUnavailable: 1 } });
    fleet.tires(1);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)', 'fork #2 for slot 0 of generation 1']);
  });

  test('another slot that dies again and again does not keep it from being replaced, where one may be missed', () => {
    const fleet = driveReady({ size: 3, rollout: { maxUnavailable: 1 } });
    fleet.isKilled(1).isKilled(4).tires(2).ready(5).passes(50).isKilled(6);
    fleet.does();
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 3);
    fleet.passes(950);
    assert.deepEqual(
      fleet.does().filter((words) => words.startsWith('drain')),
      ['drain #2 (recycle)'],
    );
  });

  test('its successor fails to boot -> it serves on, and the slot backs off', () => {
    const fleet = driveReady().tires(1);
    fleet.does();
    fleet.exits(2, 1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
    fleet.exits(3, 1);
    assert.deepEqual(fleet.does(), ['slot 0 waits 50 ms']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1']);
  });

  test('it dies before its successor is ready -> the successor is all there is to fork', () => {
    const fleet = driveReady().tires(1);
    fleet.does();
    assert.deepEqual(fleet.isKilled(1).does(), []);
    assert.deepEqual(fleet.ready(2).serving, ['0: #2 of 1']);
  });

  test('S50: a rollout replaces it like any other', () => {
    const fleet = driveReady({ size: 2 }).tires(2);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #3 (cancelled)',
      'fork #4 for slot 0 of generation 2',
    ]);
    fleet.ready(4).passes(1_000).ready(5).passes(1_000);
    assert.deepEqual(fleet.does(), [
      'drain #1 (rollout)',
      'fork #5 for slot 1 of generation 2',
      'drain #2 (rollout)',
      'rollout of 2 is completed',
    ]);
  });

  test('S50: one of the new release tires during the rollout -> it goes, the rollout waits for its successor', () => {
    const fleet = driveReady().restarts(2).ready(2);
    fleet.does();
    fleet.tires(2);
    assert.deepEqual(fleet.does(), ['drain #2 (recycle)', 'fork #3 for slot 0 of generation 2']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (rollout)', 'rollout of 2 is completed']);
  });

  test('S50: a rollout begins before its successor is proven -> the successor goes, it works', () => {
    const fleet = driveReady().tires(1).ready(2).passes(999);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #2 (rollout)',
      'fork #3 for slot 0 of generation 2',
    ]);
  });

  test('S50: a rollout begins when its successor is proven -> it goes first, an abort goes back to the successor', () => {
    const fleet = driveReady({ size: 2 }).tires(1).ready(3).isKilled(2).passes(1_000).restarts(2);
    fleet.does();
    fleet.ready(5).passes(1_000);
    assert.deepEqual(fleet.does().at(0), 'drain #1 (rollout)');
    assert.deepEqual(fleet.serving, ['0: #3 of 1', '1: #5 of 2']);
  });

  test('it still boots -> it is as new', () => {
    const fleet = driveReady().restarts(2);
    fleet.does();
    assert.deepEqual(fleet.tires(2).does(), []);
  });
});
