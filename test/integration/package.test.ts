// The package as npm delivers it, in the kinds of project that users have.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startReadyService } from '../helpers/service.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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
    const modules = path.join(folder, 'node_modules');
    const installed = path.join(modules, 'fastify-clustered');
    fs.mkdirSync(installed, { recursive: true });
    // Built already: --ignore-scripts keeps the files that other tests run.
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
    const tarball = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim();
    execFileSync('tar', ['-xzf', path.join(folder, tarball), '-C', installed, '--strip-components=1']);
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
    for (const name of [...Object.keys(dependencies), 'fastify', 'tsx']) {
      fs.mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
      fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
    }
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  });

  for (const [kind, file, source] of PROJECTS) {
    test(`S70: ${kind}: starts, serves, rolls and stops`, async (t) => {
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
});
