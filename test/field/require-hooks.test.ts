// What `-r` changes in the CommonJS loader works for the entry, too, as where Node runs it without workers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import { installPacked, pack } from '../helpers/installed.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { ServiceOptions } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

/** ES syntax, which only a hook compiles for the CommonJS loader, where `./part` needs no extension. */
function hooked(part: string): string {
  return `
import fastify from 'fastify';
import { startClustered } from 'fastify-clustered';
import { part } from '${part}';
const word: string = 'plain';
${SERVICE}`;
}

const COMMONJS = `
const fastify = require('fastify');
const { startClustered } = require('fastify-clustered');
const [part, word] = ['compiled', 'plain'];
`;

const SERVICE = `
startClustered(async () => {
  const app = fastify();
  app.get('/', async () => ({
    word,
    part,
    main: require.main === module,
    evaluated: [typeof globalThis.require, typeof globalThis.fs, typeof process._eval, process.execArgv.indexOf('-e')],
  }));
  return app;
}, JSON.parse(process.env.SERVICE_OPTIONS)).then((service) => {
  if (service.role !== 'primary') return;
  process.on('message', async ({ id, method, args }) => process.send({ id, value: await service[method](...args) }));
});
`;

const ANSWER = {
  word: 'plain',
  part: 'compiled',
  main: true,
  evaluated: ['undefined', 'undefined', 'undefined', -1],
};

/** A hook of one's own, for an extension of one's own. */
const HOOK = `
const { addHook } = require('sucrase/dist/register');
for (const extension of ['.js', '.service']) addHook(extension, { transforms: ['imports', 'typescript'] });
`;

const WAYS: readonly (readonly [name: string, file: string, part: string, start: ServiceOptions])[] = [
  ['-r sucrase/register', 'main.ts', './typed', { execArgv: ['-r', 'sucrase/register'] }],
  ['-r tsx/cjs', 'main.ts', './typed', { execArgv: ['-r', 'tsx/cjs'] }],
  ['--require of a file for .js', 'main.js', './plain', { execArgv: ['--require=./hook.cjs'] }],
  [
    '-r of a file for an extension, by NODE_OPTIONS',
    'main.service',
    './plain',
    { env: { NODE_OPTIONS: '-r ./hook.cjs' } },
  ],
  ['--require by NODE_OPTIONS of an --env-file', 'main.js', './plain', { execArgv: ['--env-file=.env'] }],
];

suite('require hooks', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const write = (file: string, text: string): void => fs.writeFileSync(path.join(folder, file), text);

  before(() => {
    installPacked(folder, pack(folder), ['sucrase', 'tsx']);
    for (const file of ['typed.ts', 'plain.js']) write(file, `export const part: string = 'compiled';`);
    write('hook.cjs', HOOK);
    write('.env', 'NODE_OPTIONS=--require=./hook.cjs\n');
  });

  for (const [name, file, part, start] of WAYS) {
    test(`S88: ${name} -> the entry is loaded by it, respawned and rolled, and Ctrl-C is one shutdown`, async (t) => {
      write(file, hooked(part));
      const service = await startReadyService(t, {
        fixture: path.join(folder, file),
        cwd: folder,
        options: { rollout: QUICK },
        ...start,
      });
      assert.deepEqual(JSON.parse((await service.get('/')).body), ANSWER);
      await service.killOne();
      const completed = service.next('rollout completed');
      service.signal('SIGUSR2');
      await completed;
      await service.drained();
      assert.deepEqual(JSON.parse((await service.get('/')).body), ANSWER);
      // It reaches the workers, too. The preload makes them ignore it.
      service.signalGroup('SIGINT');
      assert.equal((await service.ended).code, 0);
      assert.deepEqual(
        service.lines('worker exited').map((line) => line['code']),
        [0, 0, 0, 0],
      );
    });
  }

  test('S88: an entry whose extension only the CommonJS loader accepts -> it runs as with plain Node', async (t) => {
    write('server-1.2', COMMONJS + SERVICE);
    const service = await startReadyService(t, { fixture: path.join(folder, 'server-1.2'), cwd: folder });
    assert.deepEqual(JSON.parse((await service.get('/')).body), ANSWER);
    assert.equal(await service.stop(), 0);
  });

  test('S88: an ES module as the entry, and a required file -> both run, and an error while it loads has its stack', async (t) => {
    write('broken.mjs', `if (process.argv[1] === undefined) 0;\nthrow new Error('broken while it loads');`);
    const source = `
import fastify from 'fastify';
import { startClustered } from 'fastify-clustered';
await startClustered(async () => fastify().get('/', async () => globalThis.required ?? null), {
  ...JSON.parse(process.env.SERVICE_OPTIONS), entry: process.env.ENTRY,
});`;
    write('main.mjs', source);
    write('required.cjs', 'globalThis.required = { by: process.argv.length };');
    const execArgv = ['-r', './required.cjs'];
    const fixture = path.join(folder, 'main.mjs');
    const service = await startReadyService(t, { fixture, cwd: folder, execArgv });
    assert.deepEqual(JSON.parse((await service.get('/')).body), { by: 2 });
    assert.equal(await service.stop(), 0);
    const failing = startService(t, { fixture, cwd: folder, execArgv, env: { ENTRY: './broken.mjs' } });
    assert.equal((await failing.ended).code, 1);
    const [told, ...again] = failing.lines('worker failing').filter(({ err }) => err !== undefined);
    assert.deepEqual(again, []);
    assert.match(told?.err?.stack ?? '', /broken\.mjs:2/);
  });
});
