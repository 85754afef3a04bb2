// The size of the fleet changes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { driveReady } from './drive.ts';

suite('scaling', () => {
  test('S52: up -> a worker is forked for each new slot', () => {
    const fleet = driveReady();
    fleet.scales(3);
    assert.deepEqual(fleet.does(), [
      'fork #2 for slot 1 of generation 1',
      'fork #3 for slot 2 of generation 1',
    ]);
    assert.deepEqual(
      fleet.told.findLast(({ type }) => type === 'size-changed'),
      { type: 'size-changed', from: 1, to: 3 },
    );
  });

  test('S52: down -> the highest slots drain at once', () => {
    const fleet = driveReady({ size: 3 });
    fleet.scales(1);
    assert.deepEqual(fleet.does(), ['drain #3 (scale)', 'drain #2 (scale)']);
    assert.deepEqual(fleet.isKilled(2, 3).does(), []);
  });

  test('S52: one step up and down, never below one', () => {
    const fleet = driveReady();
    assert.deepEqual(fleet.happens({ type: 'scale-stepped', by: -1 }).does(), []);
    assert.equal(fleet.fleet.slots.length, 1);
    fleet.happens({ type: 'scale-stepped', by: 1 });
    assert.deepEqual(fleet.does(), ['fork #2 for slot 1 of generation 1']);
    fleet.happens({ type: 'scale-stepped', by: -1 });
    assert.deepEqual(fleet.does(), ['drain #2 (cancelled)']);
  });

  test('S52: one step up never exceeds maxWorkers', () => {
    const fleet = driveReady({ size: 2, maxWorkers: 3 });
    fleet.happens({ type: 'scale-stepped', by: 1 });
    assert.deepEqual(fleet.does(), ['fork #3 for slot 2 of generation 1']);
    assert.deepEqual(fleet.happens({ type: 'scale-stepped', by: 1 }).does(), []);
    assert.equal(fleet.fleet.slots.length, 3);
    assert.equal(fleet.told.filter(({ type }) => type === 'size-changed').length, 1);
  });

  test('the same size again changes nothing', () => {
    const fleet = driveReady({ size: 2 });
    assert.deepEqual(fleet.scales(2).does(), []);
    assert.ok(!fleet.told.some(({ type }) => type === 'size-changed'));
  });

  test('down while a lower slot is empty -> the worker of the higher one serves until it is filled', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1);
    fleet.does();
    assert.deepEqual(fleet.scales(1).does(), []);
    fleet.ready(3);
    assert.deepEqual(fleet.passes(999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['drain #2 (scale)']);
  });

  test('down and up again before the worker drains -> it stays', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1).scales(1);
    fleet.does();
    assert.deepEqual(fleet.scales(2).does(), []);
    fleet.ready(3);
    assert.deepEqual(fleet.passes(10_000).does(), []);
    assert.deepEqual(fleet.serving, ['0: #3 of 1', '1: #2 of 1']);
  });

  test('a crash of a worker whose slot was scaled away delays no other slot', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1).scales(1);
    fleet.does();
    assert.deepEqual(fleet.isKilled(2).does(), []);
    assert.deepEqual(
      fleet.fleet.slots.map(({ backoff }) => backoff),
      [{ earlyExits: 1, notBefore: 1_000 }],
    );
  });

  test('S5: workers of slots that were scaled away count as surge as long as they stay', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1).ready(3).scales(1);
    fleet.does();
    fleet.retires(3);
    assert.deepEqual(fleet.does(), ['drain #3 (recycle)', 'fork #4 for slot 0 of generation 1']);
    fleet.ready(4).passes(1_000);
    assert.deepEqual(fleet.does(), ['drain #2 (scale)']);
  });
});
