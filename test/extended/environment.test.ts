// The environment of workers: what the operator gave the primary, what the option says, and files read anew by each generation.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';

const BEFORE = 'KEPT=kept\nCHANGED=old\nREMOVED=there\nOPERATOR=file\n';
const AFTER = 'KEPT=kept\nCHANGED=new\nADDED=there\nOPERATOR=file\n';

const QUICK = { workers: 1, rollout: { minReadyMs: 0, idleMs: 50 } } as const;

suite('environment', () => {
  for (const [what, options] of [
    ['--env-file', { execArgv: ['--env-file=.env'] }],
    ['process.loadEnvFile in the entry file', { env: { LOAD: 'loadEnvFile' } }],
    ['dotenv in the entry file', { env: { LOAD: 'dotenv' } }],
  ] as const satisfies readonly (readonly [string, ServiceOptions])[]) {
    test(`S87: ${what}; a name is changed, one added, one removed, SIGUSR2 -> workers see what a fresh start would see`, async (t) => {
      const folder = createFolder(t, BEFORE);
      const env = { OPERATOR: 'operator', ...('env' in options ? options.env : {}) };
      const service = await startReadyService(t, {
        fixture: 'environment.js',
        cwd: folder,
        options: QUICK,
        ...options,
        env,
      });
      assert.deepEqual(await environment(service), {
        KEPT: 'kept',
        CHANGED: 'old',
        REMOVED: 'there',
        OPERATOR: 'operator',
      });
      fs.writeFileSync(path.join(folder, '.env'), AFTER);
      await service.rollOut();
      await service.drained();
      assert.deepEqual(await environment(service), {
        KEPT: 'kept',
        CHANGED: 'new',
        ADDED: 'there',
        OPERATOR: 'operator',
      });
      assert.equal(await service.stop(), 0);
    });
  }

  test('S87: `env` is a function -> it is called once for each generation, and may unset what the operator set', async (t) => {
    const folder = createFolder(t, '');
    const env = { OPERATOR: 'operator', CALLS: 'yes' };
    const service = await startReadyService(t, {
      fixture: 'environment.js',
      cwd: folder,
      options: { ...QUICK, workers: 2 },
      env,
    });
    assert.deepEqual(await environment(service), { OPTION: `of 1 in ${folder}` });
    await service.killOne();
    await service.rollOut();
    await service.drained();
    assert.deepEqual(await environment(service), { OPTION: `of 2 in ${folder}` });
    assert.deepEqual(await service.call('calls'), [1, 2]);
  });

  test('S87: `env` throws -> the rollout does not start, with its error; at the start nothing is bound', async (t) => {
    const folder = createFolder(t, '');
    const options = { fixture: 'environment.js', cwd: folder, options: QUICK, env: { CALLS: 'yes' } };
    const service = await startReadyService(t, options);
    fs.writeFileSync(path.join(folder, 'broken'), '');
    const result = await service.restart();
    assert.ok(result.outcome === 'aborted' && result.reason === 'env-failed');
    assert.equal((await service.seen('rollout not started')).err?.message, 'no vault');
    assert.equal((await service.status()).rolling, false);
    const second = startService(t, options);
    assert.equal((await second.ended).code, 1);
    assert.match(second.stderr, /Error: no vault/);
    assert.deepEqual(second.log, []);
  });

  test("the embedder's own cluster.fork() inherits none of the service's sockets", async (t) => {
    const service = await startReadyService(t, { fixture: 'environment.js', options: QUICK });
    assert.deepEqual(await service.call('forkOther'), []);
    await service.killOne();
    assert.deepEqual(await service.call('forkOther'), []);
    assert.equal(await service.stop(), 0);
  });
});

function createFolder(t: TestContext, file: string): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, '.env'), file);
  return folder;
}

async function environment(service: Service): Promise<unknown> {
  return JSON.parse((await service.get('/env')).body);
}
