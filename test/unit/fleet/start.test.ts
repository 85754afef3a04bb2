// From the first fork to the first ready worker.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BOOM, drive } from './drive.ts';

suite('a fleet starts', () => {
  test('it forks for every slot at once, and announces when every slot has a ready worker', () => {
    const fleet = drive({ size: 2 });
    assert.deepEqual(fleet.does(), [
      'fork #1 for slot 0 of generation 1',
      'fork #2 for slot 1 of generation 1',
    ]);
    fleet.ready(2);
    assert.equal(fleet.fleet.phase.name, 'running');
    assert.ok(!fleet.told.some(({ type }) => type === 'fleet-ready'));
    fleet.ready(1);
    assert.deepEqual(fleet.told.at(-1), {
      type: 'fleet-ready',
      size: 2,
      generation: 1,
      entry: '/srv/releases/1/main.js',
      cwd: '/srv/releases/1',
    });
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #2 of 1']);
  });

  test('S28: the first boot fails -> it stops at once, with the error of the worker', () => {
    const fleet = drive({ size: 2 });
    fleet.does();
    fleet.fails(2);
    assert.deepEqual(fleet.does(), ['release sockets', 'drain #1 (shutdown)', 'drain #2 (shutdown)']);
    fleet.exits(1).exits(2, 1);
    assert.deepEqual(fleet.does(), ['finish 1 (boot-failed)']);
    assert.deepEqual(fleet.fleet.phase, {
      name: 'stopped',
      ending: { exitCode: 1, reason: 'boot-failed', error: BOOM },
    });
  });

  test('S28: the first worker exits without a message, or cannot even be forked -> the same', () => {
    assert.deepEqual(drive().exits(1, 1).does().at(-1), 'finish 1 (boot-failed)');
    assert.deepEqual(drive().failsToFork(1).does().at(-1), 'finish 1 (boot-failed)');
  });

  test('a boot fails after another worker was ready -> it is respawned', () => {
    const fleet = drive({ size: 2 }).ready(1);
    fleet.does();
    fleet.exits(2, 1);
    assert.deepEqual(fleet.does(), ['fork #3 for slot 1 of generation 1']);
  });

  test('S37: ten workers boot slowly, together longer than boot.timeoutMs -> none is killed', () => {
    const fleet = drive({ size: 10, boot: { timeoutMs: 30_000 } });
    fleet.does();
    for (let worker = 1; worker <= 10; worker += 1) fleet.passes(2_900).ready(worker);
    assert.deepEqual(fleet.passes(60_000).does(), []);
    assert.equal(fleet.serving.length, 10);
  });

  test('S37: no more than boot.concurrency boot at once, and a worker that becomes ready makes room for the next', () => {
    const fleet = drive({ size: 4, boot: { concurrency: 2 } });
    assert.deepEqual(fleet.does(), [
      'fork #1 for slot 0 of generation 1',
      'fork #2 for slot 1 of generation 1',
    ]);
    assert.equal(fleet.nextWakeIn, 30_000, 'there is nothing to wait for but the boots');
    assert.deepEqual(fleet.ready(2).does(), ['fork #3 for slot 2 of generation 1']);
    assert.deepEqual(fleet.exits(1, 1).does(), ['fork #4 for slot 0 of generation 1']);
    fleet.ready(3);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 3 of generation 1']);
    fleet.ready(4, 5);
    assert.equal(fleet.told.at(-1)?.type, 'fleet-ready');
  });

  test('S37: many workers boot for longer than boot.timeoutMs in all -> none is killed, as each has its own time', () => {
    const fleet = drive({ size: 64, boot: { timeoutMs: 1_000, concurrency: 2 } });
    fleet.does();
    for (let worker = 1; worker <= 64; worker += 1) fleet.passes(400).ready(worker);
    assert.ok(fleet.does().every((words) => words.startsWith('fork')));
    assert.equal(fleet.serving.length, 64);
  });

  test('S7: a boot that hangs makes room for the next after boot.timeoutMs', () => {
    const fleet = drive({ size: 3, boot: { timeoutMs: 1_000, concurrency: 1 } }).ready(1);
    fleet.does();
    assert.deepEqual(fleet.passes(1_000).does(), ['kill #2', 'fork #3 for slot 1 of generation 1']);
    assert.deepEqual(fleet.passes(1_000).does(), [
      'kill #3',
      'slot 1 waits 50 ms',
      'fork #4 for slot 2 of generation 1',
    ]);
  });

  test('a boot that hangs is killed after boot.timeoutMs, not before, and fails the start', () => {
    const fleet = drive({ boot: { timeoutMs: 30_000 } });
    fleet.does();
    assert.deepEqual(fleet.passes(29_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #1', 'release sockets']);
    assert.deepEqual(fleet.isKilled(1).does(), ['finish 1 (boot-failed)']);
  });

  test('a boot times out in the step of a restart -> that is no failure of the new release', () => {
    const fleet = drive({ boot: { timeoutMs: 30_000 } });
    fleet.does();
    fleet.now = 30_000;
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), ['rollout of 2 starts', 'kill #1', 'fork #2 for slot 0 of generation 2']);
  });

  test('a restart before any worker is ready -> the boots under way are cancelled, the new release starts', () => {
    const fleet = drive({ size: 1 });
    fleet.does();
    fleet.restarts(2);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 starts',
      'drain #1 (cancelled)',
      'fork #2 for slot 0 of generation 2',
    ]);
    fleet.exits(1).ready(2).passes(1_000);
    assert.deepEqual(fleet.does(), ['rollout of 2 is completed']);
  });
});
