// The time that a drain may take.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { Grace, orAborted } from '../../../src/drain/grace.ts';

const LONG_MS = 600_000;

suite('the grace', () => {
  test('a later limit can only shorten it', async () => {
    const grace = new Grace();
    const from = performance.now();
    grace.limit(LONG_MS);
    grace.limit(100);
    grace.limit(LONG_MS);
    await once(grace.over, 'abort');
    assert.ok(performance.now() - from >= 99);
  });

  test('what waits rejects when it is over, also if it was over before', async () => {
    const grace = new Grace();
    const never = new Promise<void>(() => undefined);
    const waiting = orAborted(never, grace.over);
    grace.limit(0);
    await assert.rejects(waiting, { name: 'AbortError' });
    await assert.rejects(orAborted(never, grace.over), { name: 'AbortError' });
    grace.stop();
  });
});
