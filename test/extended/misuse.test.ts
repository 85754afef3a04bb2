// What a user can get wrong: one clear error, and no process is left.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startReadyService, startService } from '../helpers/service.ts';

suite('misuse', () => {
  test('S65: a wrong option -> one error that names it, before any fork', async (t) => {
    const service = startService(t, { options: { rollout: { maxSurge: -1 } } });
    assert.equal((await service.ended).code, 1);
    assert.match(service.stderr, /FST_CLUSTERED_OPTION_INVALID/);
    assert.match(service.stderr, /rollout\.maxSurge is -1; allowed: a whole number from 0 to 1024/);
    assert.deepEqual(service.log, []);
  });

  for (const [what, misuse, message] of [
    ['returns nothing', 'nothing', /buildApp must return a Fastify instance .*, but it returned undefined/],
    [
      'returns something that is no Fastify',
      'noApp',
      /buildApp must return a Fastify instance .*, but it returned \{ listen: true \}/,
    ],
    ['returns an app that already listens', 'listening', /remove its app\.listen\(\)/],
    ['throws a string', 'string', /something that is not an Error was thrown: 'a string'/],
  ] as const) {
    test(`S66: buildApp ${what} -> a clear error`, async (t) => {
      const service = startService(t, { fixture: 'misuse.js', env: { MISUSE: misuse } });
      assert.equal((await service.ended).code, 1);
      assert.match(service.output, message);
      assert.match(service.stderr, /FST_CLUSTERED_BOOT_FAILED/);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  for (const [what, misuse, code] of [
    ['twice', 'twice', 'ALREADY_STARTED'],
    ['in a worker_thread', 'thread', 'WORKER_THREAD'],
    ['inside a foreign cluster worker', 'foreign', 'FOREIGN_WORKER'],
  ] as const) {
    test(`S67: startClustered is called ${what} -> a clear error`, async (t) => {
      const service = startService(t, { fixture: 'misuse.js', env: { MISUSE: misuse } });
      assert.equal((await service.ended).code, 1);
      assert.match(service.stderr, new RegExp(`FST_CLUSTERED_${code}`));
    });
  }

  test('S67: workers: 0, and startClustered is called twice -> a clear error, and the first one is stopped', async (t) => {
    const service = startService(t, {
      fixture: 'misuse.js',
      env: { MISUSE: 'twice' },
      options: { workers: 0 },
    });
    assert.equal((await service.ended).code, 1);
    assert.match(service.stderr, /FST_CLUSTERED_ALREADY_STARTED/);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S67: a process that the app starts -> it is no worker', async (t) => {
    const service = await startReadyService(t, { fixture: 'misuse.js', env: { MISUSE: 'grandchild' } });
    assert.equal((await service.seen('born'))['settings'], 'none');
  });

  test('S69: the app has a decorator `clustered` of its own -> a clear error', async (t) => {
    const service = startService(t, { fixture: 'misuse.js', env: { MISUSE: 'decorated' } });
    assert.equal((await service.ended).code, 1);
    assert.match(service.output, /already has a decorator named \\"clustered\\"/);
  });
});
