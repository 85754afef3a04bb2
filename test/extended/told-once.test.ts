// A service that cannot start: its error is told once, with file and line, and the exit code is 1 whatever the caller does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { freePort } from '../helpers/free-ports.ts';
import { ROOT } from '../helpers/installed.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';

const PACKAGE = pathToFileURL(path.join(ROOT, 'dist/index.js')).href;
const FASTIFY = pathToFileURL(path.join(ROOT, 'node_modules/fastify/fastify.js')).href;

const START = `import { startClustered } from '${PACKAGE}';
const options = JSON.parse(process.env.SERVICE_OPTIONS);
`;
const LATE = `${START}await startClustered(async () => (await import('./app.mjs')).buildApp(), options);`;

/** A service of these files. */
function start(t: TestContext, files: Readonly<Record<string, string>>, more: ServiceOptions = {}): Service {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [name, source] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), source);
  return startService(t, { fixture: path.join(folder, 'main.mjs'), cwd: folder, ...more });
}

/** How many log lines and lines of stderr have it. */
function count(service: Service, pattern: RegExp): number {
  return service.output.split('\n').filter((line) => pattern.test(line)).length;
}

suite('a boot error', () => {
  for (const [what, files, marker, place] of [
    [
      'is thrown while the entry file loads',
      { 'main.mjs': `${START}\nthrow new Error('marker');` },
      /marker/,
      /main\.mjs:4/,
    ],
    [
      'is thrown while a module that is imported late loads',
      { 'main.mjs': LATE, 'app.mjs': `\nthrow new Error('marker');` },
      /marker/,
      /app\.mjs:2/,
    ],
    [
      'is a rejection of buildApp',
      { 'main.mjs': LATE, 'app.mjs': `export async function buildApp() {\n  throw new Error('marker');\n}` },
      /marker/,
      /app\.mjs:2/,
    ],
    [
      'is a syntax error in the entry file',
      { 'main.mjs': `${START}export default {{{;` },
      /Unexpected token/,
      /main\.mjs:3/,
    ],
    [
      'is a syntax error in a module that is imported late',
      { 'main.mjs': LATE, 'app.mjs': `\nexport default {{{;` },
      /Unexpected token/,
      /app\.mjs:2/,
    ],
    [
      'is an import of what is not there, in a module that is imported late',
      { 'main.mjs': LATE, 'app.mjs': `import './nothing.mjs';` },
      /nothing\.mjs/,
      /app\.mjs/,
    ],
  ] as const) {
    const isInPrimary = /entry file/.test(what);
    for (const logger of isInPrimary ? [{ level: 'debug' }] : [{ level: 'debug' }, false]) {
      test(`S91: it ${what}${logger === false ? ', without a logger' : ''} -> it is told once, with file and line, exit 1`, async (t) => {
        const service = start(t, files, { options: { workers: 3, logger } });
        assert.equal((await service.ended).code, 1);
        assert.match(service.output, place);
        // Node itself prints the line at fault, too, where the error is thrown in the primary.
        if (!isInPrimary) assert.equal(count(service, marker), 1, service.output);
        assert.deepEqual(service.leftovers(), []);
      });
    }
  }

  const FAILING = `async () => { throw new Error('marker'); }`;
  for (const [what, main] of [
    ['awaited, and nobody catches it', `await startClustered(${FAILING}, options);`],
    [
      'caught and thrown again',
      `try { await startClustered(${FAILING}, options); } catch (error) { throw error; }`,
    ],
    [
      'caught, and thrown again later',
      `startClustered(${FAILING}, options).catch((error) => { setTimeout(() => { throw error; }, 10); });`,
    ],
    ['not awaited', `void startClustered(${FAILING}, options);`],
    [
      'passed on by an async function',
      `const main = async () => { await startClustered(${FAILING}, options); }; await main();`,
    ],
  ] as const) {
    for (const [workers, logger] of [
      [2, { level: 'debug' }],
      [0, false],
    ] as const) {
      test(`S91: workers: ${workers}, ${logger === false ? 'without a logger' : 'with a logger'}; the rejection is ${what} -> the error is told once, exit 1`, async (t) => {
        const service = start(t, { 'main.mjs': START + main }, { options: { workers, logger } });
        assert.equal((await service.ended).code, 1);
        // Node itself prints the line at fault, too, above the error that it prints.
        assert.equal(count(service, /^(?!.*throw new Error).*marker/), 1, service.output);
        assert.match(service.output, /main\.mjs:3/);
        assert.deepEqual(service.leftovers(), []);
      });
    }
  }

  test('S91: every worker is killed while it boots -> the error says what can kill it, once', async (t) => {
    const app = `export async function buildApp() { process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined); }`;
    const service = start(t, { 'main.mjs': LATE, 'app.mjs': app });
    assert.equal((await service.ended).code, 1);
    const { err } = await service.seen('stopping');
    assert.match(err?.message ?? '', /ended by SIGKILL: .*by the kernel for lack of memory/);
  });

  for (const workers of [2, 0]) {
    test(`S91: workers: ${workers}; the caller catches the rejection and does nothing else -> exit 1`, async (t) => {
      const main = `${START}await startClustered(async () => { throw new Error('marker'); }, options).catch(() => undefined);`;
      const service = start(t, { 'main.mjs': main }, { options: { workers } });
      assert.equal((await service.ended).code, 1);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  for (const workers of [1, 0]) {
    test(`S91: workers: ${workers}; the port is in use, and the caller tries another one -> it serves, exit 0`, async (t) => {
      const busy = net.createServer().listen(0, '127.0.0.1');
      t.after(() => void busy.close());
      await once(busy, 'listening');
      const main = `${START}import fastify from '${FASTIFY}';
const buildApp = async () => { const app = fastify(); app.get('/', async () => 'served'); return app; };
const first = { ...options, listen: { port: ${Reflect.get(Object(busy.address()), 'port')}, host: '127.0.0.1' } };
const service = await startClustered(buildApp, first).catch((error) => {
  console.log(JSON.stringify({ msg: 'uncaught', code: error.code, exitCode: process.exitCode }));
  return startClustered(buildApp, options);
});
if (service.role !== 'worker') {
  console.log(JSON.stringify({ msg: 'requested', exitCode: process.exitCode ?? null }));
  await service.close();
}`;
      const service = start(t, { 'main.mjs': main }, { options: { workers } });
      const { code, exitCode } = await service.seen('uncaught');
      assert.deepEqual([code, exitCode], ['FST_CLUSTERED_LISTEN_FAILED', 1]);
      assert.equal((await service.seen('requested'))['exitCode'], null);
      assert.equal((await service.ended).code, 0);
    });
  }

  test('S91: another error goes uncaught after a failed start -> Node prints it, exit 1', async (t) => {
    const main = `${START}await startClustered(async () => { throw new Error('first'); }, options).catch(() => undefined);
setTimeout(() => { throw new Error('second'); }, 10);`;
    const service = start(t, { 'main.mjs': main });
    assert.equal((await service.ended).code, 1);
    assert.match(service.stderr, /Error: second\n[^]*main\.mjs:4/);
  });
});

suite('startClustered called as it must not be', () => {
  for (const workers of [2, 0]) {
    test(`S91: workers: ${workers}; without a function -> an error of ours, before anything is bound`, async (t) => {
      const service = start(
        t,
        { 'main.mjs': `${START}await startClustered(undefined, options);` },
        { options: { workers } },
      );
      assert.equal((await service.ended).code, 1);
      assert.match(service.stderr, /FST_CLUSTERED_OPTION_INVALID/);
      assert.match(service.stderr, /buildApp is undefined; allowed: a function/);
      assert.deepEqual(service.log, []);
    });

    for (const [what, call] of [
      ['awaited', `await app.listen({ port: 0, host: '127.0.0.1' }); return app;`],
      ['not awaited', `app.listen({ port: 0, host: '127.0.0.1' }); return app;`],
      [
        'not awaited, with a callback',
        `app.listen({ port: 0, host: '127.0.0.1' }, () => undefined); return app;`,
      ],
      ['returned', `return app.listen({ port: 0, host: '127.0.0.1' });`],
      ['in an onReady hook', `app.addHook('onReady', async () => { app.server.listen(0); }); return app;`],
      ['at the port of the service', `await app.listen({ ...options.listen }); return app;`],
    ] as const) {
      test(`S91: workers: ${workers}; app.listen() in buildApp, ${what} -> an error of ours`, async (t) => {
        const port = await freePort();
        const main = `${START}import fastify from '${FASTIFY}';
await startClustered(async () => { const app = fastify(); ${call} }, options);`;
        const options = { workers, listen: { port, host: '127.0.0.1' } };
        const service = start(t, { 'main.mjs': main }, { options });
        assert.equal((await service.ended).code, 1);
        assert.match(service.output, /remove its app\.listen\(\) call/);
      });
    }
  }

  for (const [what, second] of [
    ['caught', '.catch(() => undefined)'],
    ['uncaught', ''],
  ] as const) {
    test(`S91: twice, one after the other, ${what} -> the boot is aborted with a clear error, exit 1`, async (t) => {
      const main = `${START}import fastify from '${FASTIFY}';
const buildApp = async () => fastify();
await startClustered(buildApp, options);
await startClustered(buildApp, options)${second};`;
      const service = start(t, { 'main.mjs': main });
      assert.equal((await service.ended).code, 1);
      assert.match(service.output, /startClustered was already called in this process/);
      assert.equal(service.lines('worker forked').length, 2);
      assert.deepEqual(service.leftovers(), []);
    });
  }
});

suite('a worker that somebody else kills while it drains', () => {
  test('S99: it is logged as an error with its explanation, in a rollout and in a shutdown, which ends with 1', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 50 } },
    });
    const [old = 0] = await service.readyPids();
    await killWhileDraining(service, old, () => service.signal('SIGUSR2'));
    const [last = 0] = await service.readyPids();
    await killWhileDraining(service, last, () => service.signal('SIGTERM'));
    assert.equal((await service.ended).code, 1);
    for (const pid of [old, last]) {
      const { level, explanation } = await service.exited(pid);
      assert.equal(level, 50);
      assert.match(String(explanation), /by the kernel for lack of memory/);
    }
  });

  test('S91: SIGTERM in the middle of a rollout -> its abort is no error', async (t) => {
    const service = await startReadyService(t, { options: { rollout: { minReadyMs: 60_000 } } });
    const ready = service.next('worker ready');
    service.signal('SIGUSR2');
    await ready;
    assert.equal(await service.stop(), 0);
    const { level, reason } = await service.seen('rollout aborted');
    assert.deepEqual([level, reason], [30, 'stopping']);
  });
});

async function killWhileDraining(service: Service, pid: number, cause: () => void): Promise<void> {
  // A request that is not answered for long keeps it draining. It is accepted before the next one, which is answered.
  const lost = assert.rejects(service.get('/slow?ms=20000'));
  await service.get('/');
  const draining = service.next('worker draining', ({ worker }) => worker?.pid === pid);
  cause();
  await draining;
  process.kill(pid, 'SIGKILL');
  await lost;
  await service.exited(pid);
}
