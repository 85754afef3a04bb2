// A worker asks to be replaced, although its release is the target.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { driveReady } from './drive.ts';

suite('a worker retires', () => {
  test('S79: its successor is available before it drains', () => {
    const fleet = driveReady({ size: 2 });
    fleet.retires(2);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 1 of generation 1']);
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #2 (recycle)']);
  });

  test('S49: all retire at once -> they are replaced one after the other', () => {
    const fleet = driveReady({ size: 2 }).retires(1).retires(2).retires(1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)', 'fork #4 for slot 1 of generation 1']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (recycle)']);
  });

  test('S79: its successor comes first whatever maxUnavailable is', () => {
    const fleet = driveReady({ size: 2, rollout: { maxUnavailable: 1 } }).retires(1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)']);
  });

  test('with maxSurge 0 it goes before its successor comes', () => {
    const fleet = driveReady({ rollout: { maxSurge: 0, maxUnavailable: 1 } });
    fleet.retires(1);
    assert.deepEqual(fleet.does(), ['drain #1 (recycle)', 'fork #2 for slot 0 of generation 1']);
  });

  test('S30: no surge is left, and its successors fail -> it stays until the backoff is over', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 1, maxUnavailable: 1 } }).retires(1);
    fleet.exits(4, 1).exits(5, 1).does();
    assert.deepEqual(fleet.retires(2).does(), ['fork #6 for slot 1 of generation 1'], 'which is the surge');
    assert.equal(fleet.nextWakeIn, 50);
    assert.deepEqual(fleet.passes(50).does(), ['drain #1 (recycle)', 'fork #7 for slot 0 of generation 1']);
  });

  test('another slot that crashes again and again does not keep it from being replaced, where one may be unavailable', () => {
    const fleet = driveReady({ size: 3, rollout: { maxUnavailable: 1 } });
    fleet.isKilled(1).isKilled(4).retires(2).ready(5).passes(50).isKilled(6);
    fleet.does();
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 3);
    fleet.passes(950);
    assert.deepEqual(
      fleet.does().filter((words) => words.startsWith('drain')),
      ['drain #2 (recycle)'],
    );
  });

  test('its successor fails to boot -> it serves on, and the slot backs off', () => {
    const fleet = driveReady().retires(1);
    fleet.does();
    fleet.exits(2, 1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 0 of generation 1']);
    fleet.exits(3, 1);
    assert.deepEqual(fleet.does(), ['slot 0 waits 50 ms']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1']);
  });

  test('it crashes before its successor is ready -> the successor fills the slot, and no more is forked', () => {
    const fleet = driveReady().retires(1);
    fleet.does();
    assert.deepEqual(fleet.isKilled(1).does(), []);
    assert.deepEqual(fleet.ready(2).serving, ['0: #2 of 1']);
  });

  test('S50: a rollout replaces it like any other', () => {
    const fleet = driveReady({ size: 2 }).retires(2);
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

  test('S50: a worker of the new release retires during the rollout -> it goes, the rollout waits for its successor', () => {
    const fleet = driveReady().restarts(2).ready(2);
    fleet.does();
    fleet.retires(2);
    assert.deepEqual(fleet.does(), ['drain #2 (recycle)', 'fork #3 for slot 0 of generation 2']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #1 (rollout)', 'rollout of 2 is completed']);
  });

  test('S50: a rollout begins before its successor is available -> the successor goes, and it stays', () => {
    const fleet = driveReady().retires(1).ready(2).passes(999);
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #2 (rollout)',
      'fork #3 for slot 0 of generation 2',
    ]);
  });

  test('S50: a rollout begins when its successor is available -> it goes, and after an abort the successor stays', () => {
    const fleet = driveReady({ size: 2 }).retires(1).ready(3).isKilled(2).passes(1_000).restarts(2);
    fleet.does();
    assert.deepEqual(fleet.ready(4).passes(999).does(), [], 'until #4 is available, #1 cannot be spared');
    assert.deepEqual(fleet.passes(1).does(), ['drain #1 (rollout)', 'fork #5 for slot 0 of generation 2']);
    assert.deepEqual(fleet.exits(5, 1).does(), ['rollout of 2 is aborted (boot-failed)']);
    assert.deepEqual(fleet.serving, ['0: #3 of 1', '1: #4 of 1']);
  });

  test('S79: a worker asks while it boots -> it is replaced once it is ready', () => {
    const fleet = driveReady().isKilled(1);
    fleet.does();
    assert.deepEqual(fleet.retires(2).does(), []);
    assert.deepEqual(fleet.ready(2).does(), ['fork #3 for slot 0 of generation 1']);
    fleet.ready(3).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (recycle)']);
  });

  test('a worker that asked while it boots fails -> its slot backs off as after any failed boot', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1).retires(3);
    fleet.does();
    assert.deepEqual(fleet.exits(3, 1).does(), ['slot 0 waits 50 ms']);
  });
});
