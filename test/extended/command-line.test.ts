// Node started without a script, with the option `entry`: workers run that, and not what the primary was told to run.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../helpers/installed.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { ServiceOptions, TestContext } from '../helpers/service.ts';

const PACKAGE = pathToFileURL(path.join(ROOT, 'dist/index.js')).href;
const FASTIFY = pathToFileURL(path.join(ROOT, 'node_modules/fastify/fastify.js')).href;

/** What the workers run. */
const ENTRY = `
import { startClustered } from '${PACKAGE}';
import fastify from '${FASTIFY}';
await startClustered(() => {
  const app = fastify();
  app.get('/', async () => ({ args: process.argv.slice(2), execArgv: process.execArgv.slice(2) }));
  return app;
});
`;

/** What the primary runs. */
const CODE = `
import('${PACKAGE}').then(({ startClustered }) =>
  startClustered(() => { throw new Error('a worker runs the code of the primary'); }, JSON.parse(process.env.SERVICE_OPTIONS)));
`;

const [MAJOR = 0] = process.versions.node.split('.').map(Number);

function describe(t: TestContext, command: NonNullable<ServiceOptions['command']>): ServiceOptions {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'entry.mjs'), ENTRY);
  fs.writeFileSync(path.join(folder, 'code.cjs'), CODE);
  return { cwd: folder, command, env: { NODE_TEST_CONTEXT: undefined } };
}

suite('a primary without a script', () => {
  for (const [how, words, args] of [
    ['-e', ['-e', CODE, 'a', 'b'], ['a', 'b']],
    ['--eval=', [`--eval=${CODE}`, 'a'], ['a']],
    ['-p', ['-p', CODE], []],
    ['--input-type=module -e', ['--input-type=module', '-e', CODE, 'a'], ['a']],
    ['stdin', ['-', 'a'], ['a']],
  ] as const) {
    test(`S71: node ${how}, and the option entry -> workers run the entry alone, with the arguments`, async (t) => {
      const described = describe(t, ([node = '']) =>
        how === 'stdin' ? ['sh', '-c', `exec "${node}" - a < code.cjs`] : [node, '--no-warnings', ...words],
      );
      const service = await startReadyService(t, { ...described, options: { entry: 'entry.mjs' } });
      const served = JSON.parse((await service.get('/')).body);
      assert.deepEqual(served, { args, execArgv: how === 'stdin' ? [] : ['--no-warnings'] });
      assert.equal(await service.stop(), 0);
    });

    test(`S71: node ${how}, and no option entry -> an error says so, whatever the arguments are`, async (t) => {
      const described = describe(t, ([node = '']) =>
        how === 'stdin' ? ['sh', '-c', `exec "${node}" - a < code.cjs`] : [node, ...words],
      );
      const service = startService(t, described);
      assert.equal((await service.ended).code, 1);
      assert.match(service.stderr, /FST_CLUSTERED_NO_ENTRY/);
    });
  }

  test('S71: node --input-type=module in NODE_OPTIONS, and -e -> workers run the entry', async (t) => {
    const described = describe(t, ([node = '']) => [node, '-e', CODE]);
    const service = await startReadyService(t, {
      ...described,
      env: { ...described.env, NODE_OPTIONS: '--input-type=module --no-warnings' },
      options: { entry: 'entry.mjs' },
    });
    assert.equal((await service.get('/')).status, 200);
    assert.equal(await service.stop(), 0);
  });

  test(
    'S71: node --test without isolation -> workers are no test runners',
    { skip: MAJOR < 24 && 'Node cannot' },
    async (t) => {
      const described = describe(t, ([node = '']) => [node, '--test', '--test-isolation=none', 'code.cjs']);
      const service = await startReadyService(t, { ...described, options: { entry: 'entry.mjs' } });
      assert.deepEqual(JSON.parse((await service.get('/')).body), { args: [], execArgv: [] });
    },
  );

  test(
    'S71: node --entry-url -> workers run the file that the URL names',
    { skip: MAJOR < 24 && 'Node cannot' },
    async (t) => {
      const described = describe(t, ([node = '']) => [node, '--entry-url', './entry.mjs?x=1', 'a']);
      const service = await startReadyService(t, {
        ...described,
        env: { ...described.env, PORT: '0', WEB_CONCURRENCY: '2' },
      });
      assert.deepEqual(JSON.parse((await service.get('/')).body).args, ['a']);
      assert.equal(await service.stop(), 0);
    },
  );
});
