// The tools of development, as users have them: an edit of what only workers import is served, and Ctrl-C is graceful.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { before, suite, test } from 'node:test';
import { ROOT, installPacked, pack } from '../helpers/installed.ts';
import { startService } from '../helpers/service.ts';
import type { Service, TestContext } from '../helpers/service.ts';
import { watched } from '../helpers/watched.ts';

interface Tool {
  readonly title: string;
  /** The words between the runtime and the entry file. */
  readonly words: readonly string[];
  readonly files: 'esm' | 'cjs' | 'ts';
  readonly workers: number;
  /** What the tool itself exits with after Ctrl-C; the service exits with 0. */
  readonly exit?: number;
}

const TSX = path.join(ROOT, 'node_modules/tsx/dist/cli.mjs');
const NODEMON = path.join(ROOT, 'node_modules/nodemon/bin/nodemon.js');

const TOOLS: readonly Tool[] = [
  { title: 'node --watch', words: ['--watch'], files: 'esm', workers: 2 },
  { title: 'node --watch', words: ['--watch'], files: 'cjs', workers: 2 },
  { title: 'node --watch', words: ['--watch'], files: 'esm', workers: 0 },
  { title: 'node --watch --import tsx', words: ['--watch', '--import', 'tsx'], files: 'ts', workers: 2 },
  { title: 'node --watch --import tsx', words: ['--watch', '--import', 'tsx'], files: 'ts', workers: 0 },
  { title: 'tsx watch', words: [TSX, 'watch'], files: 'ts', workers: 0 },
  { title: 'tsx watch --include', words: [TSX, 'watch', '--include', 'app/**/*'], files: 'ts', workers: 2 },
  { title: 'nodemon', words: [NODEMON], files: 'esm', workers: 2, exit: 130 },
  { title: 'nodemon', words: [NODEMON], files: 'esm', workers: 0, exit: 130 },
  {
    title: 'nodemon --signal SIGTERM',
    words: [NODEMON, '--signal', 'SIGTERM'],
    files: 'cjs',
    workers: 2,
    exit: 130,
  },
  {
    title: 'nodemon --exec',
    words: [NODEMON, '--ext', 'ts', '--exec', `${process.execPath} --import tsx`],
    files: 'ts',
    workers: 2,
    exit: 130,
  },
];

const PATIENCE_MS = 30_000;

suite('development', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

  before(() => {
    installPacked(folder, pack(folder), ['tsx']);
  });

  for (const tool of TOOLS) {
    const { title, files, workers, exit = 0 } = tool;
    test(`S93, S71: ${title} (${files}), ${workers} workers -> an edit is served, what is in flight is answered, one Ctrl-C is graceful`, async (t) => {
      const project = await createProject(t, folder, tool);
      const service = await start(t, project, tool);
      assert.equal(await project.get('/'), 'hello');
      await watched(service.pid, project.greeting);

      const slow = project.get('/slow');
      await service.seen('requested');
      const again = started(service, workers, 2);
      project.greet('goodbye');
      await again;
      assert.equal(await slow, 'hello');
      assert.equal(await project.get('/'), 'goodbye');
      // Once more: what the second one has loaded is watched as well.
      await watched(service.pid, project.greeting);
      const third = started(service, workers, 3);
      project.greet('hello again');
      await third;
      assert.equal(await project.get('/'), 'hello again');

      const last = project.get('/slow');
      await service.seen('requested', { count: 2 });
      service.signalGroup('SIGINT');
      assert.equal(await last, 'hello again');
      assert.equal((await service.ended).code, exit, service.story());
      assertClean(service, workers, 3);
    });
  }

  // Node 22 alone stops watching the file that it cannot parse, with or without workers: seen on 22.23.3 with two plain files.
  const skip =
    process.version.startsWith('v22.') && 'Node 22 does not watch a file on that it could not parse';

  test(
    'S93: node --watch; the edit cannot be parsed -> the error is told, and the next edit is served',
    { skip },
    async (t) => {
      const tool = { title: 'node --watch', words: ['--watch'], files: 'esm', workers: 2 } as const;
      const project = await createProject(t, folder, tool);
      const service = await start(t, project, tool);
      await watched(service.pid, project.greeting);
      project.write('export const greeting = {{{;\n');
      const failing = await service.seen('worker failing');
      assert.match(failing.err?.stack ?? '', /greeting\.js:1/);
      await service.seen('stopped', { count: 2 });
      await watched(service.pid, project.greeting);
      project.greet('mended');
      await started(service, 2, 2);
      assert.equal(await project.get('/'), 'mended');
      service.signalGroup('SIGINT');
      assert.equal((await service.ended).code, 0, service.story());
      assert.deepEqual(service.leftovers(), []);
    },
  );

  test('S93: tsx watch kills a primary that drains for more than 5 s -> what is in flight is answered, and the edit is served', async (t) => {
    const tool = { words: [TSX, 'watch', '--include', 'app/**/*'], files: 'ts', workers: 2 } as const;
    const project = await createProject(t, folder, tool);
    const service = await start(t, project, tool);
    await watched(service.pid, project.greeting);
    const slow = project.get('/slow?ms=6500');
    await service.seen('requested');
    project.greet('goodbye');
    await started(service, 2, 2);
    assert.equal(await slow, 'hello');
    // The first primary was killed, so it could not say that it stopped.
    assert.deepEqual(service.lines('stopped'), []);
    assert.equal(await project.get('/'), 'goodbye');
    service.signalGroup('SIGINT');
    assert.equal((await service.ended).code, 0, service.story());
    assert.deepEqual(service.leftovers(), []);
  });

  test('S93: under nodemon -> the first line names a signal that still rolls', async (t) => {
    const tool = { words: [NODEMON], files: 'esm', workers: 2 } as const;
    const project = await createProject(t, folder, tool);
    const service = await start(t, project, tool);
    const { roll, pid } = await service.seen('all workers ready');
    assert.equal(roll, `kill -HUP ${String(pid)}`);
    process.kill(Number(pid), 'SIGHUP');
    await service.seen('rollout completed');
    service.signalGroup('SIGINT');
    assert.equal((await service.ended).code, 130, service.story());
    assert.deepEqual(service.leftovers(), []);
  });

  test('S93: without nodemon SIGUSR2 is a rolling restart, and ends nothing', async (t) => {
    const tool = { title: 'node', words: [], files: 'esm', workers: 2 } as const;
    const project = await createProject(t, folder, tool);
    const service = await start(t, project, tool);
    project.greet('goodbye');
    service.signal('SIGUSR2');
    await service.seen('rollout completed');
    await service.drained();
    assert.equal(await project.get('/'), 'goodbye');
    assert.equal(await service.stop(), 0);
  });
});

interface Project {
  readonly main: string;
  readonly port: number;
  /** The file that has the greeting; only the app imports it. */
  readonly greeting: string;
  greet(words: string): void;
  write(source: string): void;
  /** The body of the answer. */
  get(path: string): Promise<string>;
}

/** Each file in a folder of its own, so that it is known which one is watched. */
async function createProject(
  t: TestContext,
  parent: string,
  { files }: Pick<Tool, 'files'>,
): Promise<Project> {
  const folder = fs.mkdtempSync(path.join(parent, 'project-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const ext = files === 'ts' ? 'ts' : 'js';
  const write = (name: string, source: string): string => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, source);
    return file;
  };
  write('package.json', JSON.stringify({ type: files === 'cjs' ? 'commonjs' : 'module' }));
  const sources = files === 'cjs' ? COMMONJS : MODULES;
  const main = write(`main.${ext}`, sources.main);
  write(`app/app.${ext}`, sources.app);
  const greeting = path.join(folder, `app/text/greeting.${ext}`);
  const port = await freePort();
  const project: Project = {
    main,
    port,
    greeting,
    write: (source) => void write(`app/text/greeting.${ext}`, source),
    greet: (words) =>
      project.write(
        files === 'cjs' ? `exports.greeting = '${words}';\n` : `export const greeting = '${words}';\n`,
      ),
    async get(route) {
      const request = http.get({ host: '127.0.0.1', port, path: route, agent: false, timeout: PATIENCE_MS });
      const [response]: http.IncomingMessage[] = await once(request, 'response');
      return text(response ?? assert.fail('unreachable'));
    },
  };
  project.greet('hello');
  return project;
}

const SINGLE = `if (service.role === 'single') console.log(JSON.stringify({ msg: 'born' }));`;

const BUILD = `
  const app = fastify({ logger: { level: 'error' } });
  app.get('/', async () => greeting);
  app.get('/slow', async ({ query: { ms = 700 } }) => {
    console.log(JSON.stringify({ msg: 'requested' }));
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    return greeting;
  });
  app.addHook('onClose', async () => console.log(JSON.stringify({ msg: 'onClose ran' })));
  return app;
`;

const MODULES = {
  main: `
import { startClustered } from 'fastify-clustered';
const options = JSON.parse(process.env.SERVICE_OPTIONS);
const service = await startClustered(async () => (await import('./app/app.js')).buildApp(), options);
${SINGLE}
`,
  app: `
import fastify from 'fastify';
import { greeting } from './text/greeting.js';
export async function buildApp() {${BUILD}}
`,
};

const COMMONJS = {
  main: `
const { startClustered } = require('fastify-clustered');
const options = JSON.parse(process.env.SERVICE_OPTIONS);
startClustered(() => require('./app/app.js').buildApp(), options).then((service) => { ${SINGLE} });
`,
  app: `
const fastify = require('fastify');
const { greeting } = require('./text/greeting.js');
exports.buildApp = async () => {${BUILD}};
`,
};

async function start(
  t: TestContext,
  { main, port }: Project,
  { words, workers }: Pick<Tool, 'words' | 'workers'>,
): Promise<Service> {
  const service = startService(t, {
    fixture: main,
    cwd: path.dirname(main),
    command: ([node = '', file = '']) => [node, ...words, file],
    env: { WEB_CONCURRENCY: String(workers) },
    options: { workers: undefined, listen: { port }, rollout: { minReadyMs: 0, idleMs: 100 } },
  });
  await started(service, workers, 1);
  return service;
}

/** Resolves when so many services have been ready, one after the other. */
async function started(service: Service, workers: number, count: number): Promise<void> {
  await service.seen(workers === 0 ? 'born' : 'all workers ready', { count });
}

/** Each was asked to stop once, and has done so. */
function assertClean(service: Service, workers: number, count: number): void {
  assert.deepEqual(service.leftovers(), []);
  assert.deepEqual(service.lines('forced to stop'), []);
  // The tool's signal has one meaning.
  assert.doesNotMatch(service.output, /cannot be rolled/);
  assert.equal(service.lines('onClose ran').length, Math.max(workers, 1) * count);
  const codes = service.lines('stopped').map((line) => line['exitCode']);
  assert.deepEqual(codes, workers === 0 ? [] : Array.from({ length: count }, () => 0));
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = Object(server.address());
  server.close();
  await once(server, 'close');
  return port;
}
