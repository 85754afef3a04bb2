// The package as npm delivers it, in the kinds of project that users have.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { build } from 'esbuild';
import { installPacked, pack } from '../helpers/installed.ts';
import { startReadyService } from '../helpers/service.ts';

const BUILD = `async (worker) => {
  const app = fastify();
  await app.register(clustered, { worker, health: true });
  app.get('/', async () => ({ slot: app.clustered.slot, main: MAIN }));
  return app;
}, { workers: 1, listen: { port: 0, host: '127.0.0.1' } }`;

const PROJECTS = [
  [
    'ESM',
    'main.mjs',
    `import fastify from 'fastify';
import clustered, { startClustered } from 'fastify-clustered';
const MAIN = true;
await startClustered(${BUILD});`,
  ],
  [
    'CommonJS',
    'main.cjs',
    `const fastify = require('fastify');
const { clustered, startClustered } = require('fastify-clustered');
const MAIN = require.main === module;
startClustered(${BUILD});`,
  ],
  [
    'TypeScript run by tsx',
    'main.ts',
    `import fastify from 'fastify';
import clustered, { startClustered } from 'fastify-clustered';
import type { WorkerContext } from 'fastify-clustered';
const MAIN: boolean = true;
await startClustered(${BUILD.replace('(worker)', '(worker: WorkerContext)')});`,
  ],
] as const;

suite('package', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

  before(() => {
    installPacked(folder, pack(folder), ['tsx']);
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  });

  for (const [kind, file, source] of PROJECTS) {
    test(`S70: ${kind} -> it starts, serves, rolls and stops`, async (t) => {
      fs.writeFileSync(path.join(folder, file), source);
      const service = await startReadyService(t, {
        fixture: path.join(folder, file),
        cwd: folder,
        execArgv: file.endsWith('.ts') ? ['--import', 'tsx'] : [],
      });
      assert.deepEqual(JSON.parse((await service.get('/')).body), { slot: 0, main: true });
      const completed = service.next('rollout completed');
      service.signal('SIGUSR2');
      await completed;
      assert.equal((await service.get('/readyz')).status, 200);
      assert.equal(await service.stop(), 0);
    });
  }

  for (const [kind, from, file] of [
    ['ESM', 'main.mjs', 'bundle.mjs'],
    ['CommonJS', 'main.cjs', 'bundle.cjs'],
  ] as const) {
    test(`S85: a bundle in one file, ${kind} -> it starts, respawns, rolls and stops`, async (t) => {
      const [, , source = ''] = PROJECTS.find(([, name]) => name === from) ?? [];
      fs.writeFileSync(path.join(folder, from), source);
      const alone = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
      t.after(() => fs.rmSync(alone, { recursive: true, force: true }));
      const fixture = path.join(alone, file);
      await build({
        entryPoints: [path.join(folder, from)],
        outfile: fixture,
        bundle: true,
        platform: 'node',
        format: kind === 'ESM' ? 'esm' : 'cjs',
        // CommonJS modules in the bundle need `require` to load Node's own modules.
        banner: {
          js: kind === 'ESM' ? `const require = process.getBuiltinModule('module').createRequire('/');` : '',
        },
        logLevel: 'error',
      });
      const service = await startReadyService(t, { fixture, cwd: alone });
      const [first] = service.lines('worker ready');
      assert.ok(typeof first?.worker?.pid === 'number');
      const respawned = service.next('worker ready');
      process.kill(first.worker.pid, 'SIGKILL');
      await respawned;
      const completed = service.next('rollout completed');
      service.signal('SIGUSR2');
      await completed;
      assert.equal(JSON.parse((await service.get('/')).body).slot, 0);
      // Ctrl-C reaches the workers, too. The preload makes them ignore it.
      service.signalGroup('SIGINT');
      assert.equal((await service.ended).code, 0);
      const codes = service.lines('worker exited').map((line) => line['code']);
      assert.deepEqual(codes, [0, 0]);
    });
  }
});
