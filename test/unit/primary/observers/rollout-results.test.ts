// The results of rollouts: each caller of restart() gets its own, with the worker that failed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RolloutResults, notStarted } from '../../../../src/primary/observers/rollout-results.ts';
import { ABORTED, NAME, pidOf } from './announcements.ts';

const COMPLETED = {
  type: 'rollout-completed',
  generation: 3,
  entry: '/srv/releases/3/main.js',
  cwd: '/srv/releases/3',
  replaced: 2,
  tookMs: 900,
} as const;

suite('rollout results', () => {
  test('an abort has the reason, the error and the worker that failed', async () => {
    const results = new RolloutResults(pidOf);
    const promise = results.of(2);
    results.hear(ABORTED);
    const result = await promise;
    assert.ok(result.outcome === 'aborted' && result.error instanceof TypeError);
    const { error } = result;
    const expected = { outcome: 'aborted', generation: 2, reason: 'boot-failed', error, worker: NAME };
    assert.deepEqual(result, expected);
    assert.equal(error.stack, ABORTED.error.stack);
    assert.equal(results.last, result);
  });

  test('a worker whose process could not be made has no pid', async () => {
    const results = new RolloutResults(() => null);
    const promise = results.of(2);
    results.hear({ ...ABORTED, reason: 'fork-failed' });
    const result = await promise;
    assert.deepEqual(result.outcome === 'aborted' && result.worker, { ...NAME, pid: null });
  });

  test('an abort that no worker caused has neither worker nor error', async () => {
    const results = new RolloutResults(pidOf);
    const promise = results.of(2);
    results.hear({ ...ABORTED, reason: 'stopping', error: null, worker: null });
    const expected = { outcome: 'aborted', generation: 2, reason: 'stopping', error: null, worker: null };
    assert.deepEqual(await promise, expected);
  });

  test('a rollout that did not start is the last one, and has no generation', () => {
    const results = new RolloutResults(pidOf);
    const error = new Error('no such file');
    const result = results.record(notStarted('release-not-found', error));
    const expected = {
      outcome: 'aborted',
      generation: null,
      reason: 'release-not-found',
      error,
      worker: null,
    };
    assert.deepEqual(result, expected);
    assert.equal(results.last, result);
  });

  test('a rollout that is superseded settles at once, and its successor when it ends', async () => {
    const results = new RolloutResults(pidOf);
    const [first, second] = [results.of(2), results.of(3)];
    results.hear({ type: 'rollout-superseded', generation: 2, by: 3 });
    assert.deepEqual(await first, { outcome: 'superseded', generation: 2, by: 3 });
    assert.equal(results.last?.outcome, 'superseded');
    results.hear(COMPLETED);
    assert.deepEqual(await second, { outcome: 'completed', generation: 3 });
    assert.equal(results.last?.outcome, 'completed');
  });
});
