// A release does not work: the target goes back to the stable generation.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, driveReady } from './drive.ts';

suite('a rollout aborts', () => {
  test('S6: a successor fails to boot -> all old workers serve on, and the target goes back', () => {
    const fleet = driveReady({ size: 2 }).restarts(2);
    fleet.does();
    fleet.fails(3);
    assert.deepEqual(fleet.does(), ['rollout of 2 is aborted (boot-failed)']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #2 of 1']);
    assert.equal(fleet.fleet.target.id, 1);
    assert.deepEqual(fleet.exits(3, 1).passes(60_000).does(), []);
  });

  test('S6: the announcement names the worker that failed, its error, and the release that is the target again', () => {
    const fleet = driveReady().restarts(2).passes(300).fails(2);
    const aborted = fleet.told.find(({ type }) => type === 'rollout-aborted');
    assert.deepEqual(aborted, {
      type: 'rollout-aborted',
      generation: 2,
      entry: '/srv/releases/2/main.js',
      cwd: '/srv/releases/2',
      replaced: 0,
      tookMs: 300,
      reason: 'boot-failed',
      error: { name: 'Error', message: 'boom', stack: 'Error: boom\n    at app.js:1', code: null },
      worker: {
        state: 'booting',
        id: 2,
        slot: 0,
        generation: 2,
        forkedAt: fleet.now - 300,
        debugged: false,
        recycle: null,
      },
      backTo: { id: 1, entry: '/srv/releases/1/main.js', cwd: '/srv/releases/1' },
    });
  });

  test('S7: a successor never becomes ready -> it is killed after boot.timeoutMs, the old workers stay', () => {
    const fleet = driveReady({ size: 2, boot: { timeoutMs: 30_000 } }).restarts(2);
    fleet.does();
    assert.deepEqual(fleet.passes(29_999).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['kill #3', 'rollout of 2 is aborted (boot-timeout)']);
    assert.deepEqual(fleet.isKilled(3).does(), []);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #2 of 1']);
  });

  test('a successor crashes within minReadyMs', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3).passes(999);
    fleet.does();
    fleet.isKilled(3);
    assert.deepEqual(fleet.does(), ['rollout of 2 is aborted (crashed)']);
  });

  test('an available successor crashes so often that its slot is at its slowest pace', () => {
    const fleet = driveReady({ size: 2, respawn: { maxEarlyExits: 2 } })
      .restarts(2)
      .ready(3)
      .passes(1_000);
    fleet.does();
    fleet.isKilled(3);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 0 of generation 2']);
    fleet.ready(5).passes(1_000).isKilled(5);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is aborted (crashed)',
      'drain #4 (cancelled)',
      'fork #6 for slot 0 of generation 1',
    ]);
  });

  test('S75: a successor cannot be forked', () => {
    const fleet = driveReady().restarts(2);
    fleet.does();
    assert.deepEqual(fleet.failsToFork(2).does(), ['rollout of 2 is aborted (fork-failed)']);
  });

  test('S76: the new release speaks another version of the protocol -> its worker is killed', () => {
    const fleet = driveReady().restarts(2);
    fleet.does();
    fleet.isIncompatible(2);
    assert.deepEqual(fleet.does(), ['kill #2', 'rollout of 2 is aborted (incompatible)']);
  });

  test('S8: a broken release, then a fixed one -> the second rollout completes', () => {
    const fleet = driveReady().restarts(2).exits(2, 1).restarts(3).ready(3).passes(1_000);
    assert.deepEqual(
      fleet.does().filter((words) => words.startsWith('rollout')),
      [
        'rollout of 2 starts',
        'rollout of 2 is aborted (boot-failed)',
        'rollout of 3 starts',
        'rollout of 3 is completed',
      ],
    );
    assert.deepEqual(fleet.serving, ['0: #3 of 3']);
  });

  test('a crash of an old worker, or of one whose release was superseded, does not abort it', () => {
    const fleet = driveReady({ size: 2 }).isKilled(2).ready(3).restarts(2).ready(4).restarts(3);
    fleet.does();
    fleet.isKilled(3).isKilled(4);
    assert.ok(fleet.does().every((words) => !words.startsWith('rollout')));
  });

  test('a crash of an available successor in a slot that was scaled away does not abort it', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 2 } })
      .restarts(2)
      .ready(4)
      .passes(1_000);
    fleet.isKilled(1, 2).scales(1);
    assert.deepEqual(fleet.serving, ['1: #4 of 2'], 'no other worker is ready');
    fleet.does();
    assert.deepEqual(fleet.isKilled(4).does(), []);
    assert.equal(fleet.fleet.target.id, 2);
  });

  test('nor does it if the slot comes back in the step in which the crash is known', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 2 } })
      .restarts(2)
      .ready(4)
      .passes(1_000);
    fleet.isKilled(1, 2).scales(1);
    fleet.happens(
      { type: 'scale-requested', size: 2 },
      { type: 'worker-exited', worker: 4, code: null, signal: 'SIGKILL' },
    );
    assert.equal(fleet.fleet.target.id, 2);
  });

  test('its other boots are cancelled, boots of the stable release go on, and its release is never forked again', () => {
    const fleet = driveReady({ size: 3, rollout: { maxSurge: 2 } })
      .restarts(2)
      .isKilled(3);
    assert.equal(fleet.does().at(-1), 'fork #6 for slot 2 of generation 1');
    fleet.exits(4, 1);
    assert.deepEqual(fleet.does(), ['rollout of 2 is aborted (boot-failed)', 'drain #5 (cancelled)']);
    fleet.exits(5).ready(6).passes(60_000).isKilled(1, 2, 6);
    assert.deepEqual(fleet.does(), [
      'fork #7 for slot 0 of generation 1',
      'fork #8 for slot 1 of generation 1',
      'fork #9 for slot 2 of generation 1',
    ]);
  });

  test('a slot that was handed over goes back to the stable release, and begins without a backoff', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 2 } })
      .restarts(2)
      .ready(3)
      .passes(1_000)
      .isKilled(3);
    assert.equal(fleet.fleet.slots[0]?.backoff.earlyExits, 1);
    fleet.exits(4, 1);
    assert.equal(fleet.does().filter((words) => words.includes('aborted')).length, 1);
    const [first] = fleet.fleet.slots;
    assert.deepEqual([first?.release.id, first?.backoff.earlyExits, first?.backoff.notBefore], [1, 0, 0]);
  });

  test('a slot that had the stable release keeps its backoff', () => {
    const fleet = driveReady({ size: 2 }).isKilled(1).isKilled(3).restarts(2);
    assert.deepEqual(fleet.does().slice(-2), [
      'fork #4 for slot 0 of generation 2',
      'fork #5 for slot 1 of generation 2',
    ]);
    fleet.exits(4, 1);
    assert.deepEqual(fleet.does(), ['rollout of 2 is aborted (boot-failed)', 'drain #5 (cancelled)']);
    assert.deepEqual(fleet.fleet.slots[0]?.backoff, { earlyExits: 2, notBefore: fleet.now + 50 });
    assert.deepEqual(fleet.passes(49).does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['fork #6 for slot 0 of generation 1']);
  });

  test('S73: an old worker that crashes after the abort is respawned as the stable release', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).fails(3);
    fleet.does();
    fleet.isKilled(1);
    assert.deepEqual(fleet.does(), ['fork #4 for slot 0 of generation 1']);
  });

  test('S73: workers of the aborted release that are ready stay; one that crashes is respawned as the stable release', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3).passes(1_000).exits(1).exits(4, 1);
    assert.deepEqual(fleet.does().slice(-1), ['rollout of 2 is aborted (boot-failed)']);
    assert.deepEqual(fleet.passes(60_000).serving, ['0: #3 of 2', '1: #2 of 1']);
    fleet.isKilled(3);
    assert.deepEqual(fleet.does(), ['fork #5 for slot 0 of generation 1']);
  });

  test('the next rollout replaces every worker of a mixed fleet', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3).passes(1_000).exits(1).exits(4, 1);
    fleet.restarts(3).ready(5).passes(1_000).ready(6).passes(1_000);
    assert.deepEqual(fleet.serving, ['0: #5 of 3', '1: #6 of 3']);
    assert.equal(fleet.does().at(-1), 'rollout of 3 is completed');
  });

  test('two workers in a slot after the abort: the stable one stays, the other goes when it can be spared', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 2 } })
      .restarts(2)
      .ready(3)
      .isKilled(2);
    assert.equal(fleet.does().at(-1), 'fork #5 for slot 1 of generation 1');
    fleet.exits(4, 1);
    assert.deepEqual(fleet.does(), ['rollout of 2 is aborted (boot-failed)']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '0: #3 of 2']);
    fleet.ready(5);
    assert.deepEqual(fleet.passes(999).does(), [], '#5 is not available yet, so #3 cannot be spared');
    assert.deepEqual(fleet.passes(1).does(), ['drain #3 (rollout)']);
    assert.deepEqual(fleet.serving, ['0: #1 of 1', '1: #5 of 1']);
  });

  test('before any worker was ready -> back to the first release, whose failure ends the start', () => {
    const fleet = drive().restarts(2);
    fleet.does();
    fleet.exits(2, 1);
    assert.deepEqual(fleet.does(), [
      'rollout of 2 is aborted (boot-failed)',
      'fork #3 for slot 0 of generation 1',
    ]);
    fleet.exits(3, 1).exits(1);
    assert.deepEqual(fleet.does().slice(-1), ['finish 1 (boot-failed)']);
  });
});
