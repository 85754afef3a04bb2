// The log lines that pages show outside of a walk: each is made by a small service to which just that happens.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { ClusteredOptions } from 'fastify-clustered';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { valuesOf } from './excerpt.ts';
import { PAGES, attribute, readPage } from './markdown.ts';
import { createProject, write } from './project.ts';
import { seeExcerpt } from './see.ts';

type TestContext = Parameters<typeof startService>[0];

/** Resolves when the log has what the scenario is about. */
type Scenario = (t: TestContext) => Promise<Service>;

const WORKS = 'return app;';
const THROWS = `throw new Error('no database');`;

/** The entry of a service whose app this code ends; the options are as the helper hands them over. */
function release(end: string): string {
  return `import Fastify from 'fastify';
import { startClustered } from 'fastify-clustered';

await startClustered(async () => {
  const app = Fastify();
  app.get('/block', () => { for (;;); });
  ${end}
}, JSON.parse(process.env.SERVICE_OPTIONS));
`;
}

/** A rollout from a release that works to one that ends like this. */
function rollout(end: string, options: ClusteredOptions = {}): Scenario {
  return async (t) => {
    const folder = createProject(t);
    const main = path.join(folder, 'main.mjs');
    write(folder, 'main.mjs', release(WORKS));
    const service = await startReadyService(t, { fixture: main, cwd: folder, options });
    write(folder, 'main.mjs', release(end));
    const aborted = service.next('rollout aborted');
    service.signal('SIGUSR2');
    await aborted;
    return service;
  };
}

async function startWorking(t: TestContext, options: ClusteredOptions = {}): Promise<Service> {
  const folder = createProject(t);
  write(folder, 'main.mjs', release(WORKS));
  return startReadyService(t, { fixture: path.join(folder, 'main.mjs'), cwd: folder, options });
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'first-boot': async (t) => {
    const folder = createProject(t);
    write(folder, 'main.mjs', release(THROWS));
    const service = startService(t, { fixture: path.join(folder, 'main.mjs'), cwd: folder });
    assert.equal((await service.ended).code, 1);
    return service;
  },

  'boot-failed': rollout(THROWS),

  'boot-timeout': rollout('await new Promise((resolve) => setTimeout(resolve, 2 ** 30));', {
    boot: { timeoutMs: 8_000 },
  }),

  crashed: async (t) => {
    const folder = createProject(t);
    const main = path.join(folder, 'main.mjs');
    write(folder, 'main.mjs', release(WORKS));
    const options = { rollout: { minReadyMs: 60_000 } };
    const service = await startReadyService(t, { fixture: main, cwd: folder, options });
    write(folder, 'main.mjs', release(`process.on('SIGWINCH', () => process.exit(3)); return app;`));
    const ready = service.next('worker ready');
    service.signal('SIGUSR2');
    process.kill((await ready).worker?.pid ?? 0, 'SIGWINCH');
    await service.seen('rollout aborted');
    return service;
  },

  'release-not-found': async (t) => {
    const folder = createProject(t);
    write(folder, 'main.mjs', release(WORKS));
    const service = await startReadyService(t, { fixture: path.join(folder, 'main.mjs'), cwd: folder });
    fs.rmSync(path.join(folder, 'main.mjs'));
    service.signal('SIGUSR2');
    await service.seen('rollout not started');
    return service;
  },

  sigkill: async (t) => {
    const service = await startWorking(t);
    const [pid = 0] = service.lines('worker ready').map(({ worker }) => worker?.pid ?? 0);
    process.kill(pid, 'SIGKILL');
    await service.seen('worker crashed');
    return service;
  },

  'respawn-delayed': async (t) => {
    const folder = createProject(t);
    write(folder, 'main.mjs', release(WORKS));
    const service = await startReadyService(t, { fixture: path.join(folder, 'main.mjs'), cwd: folder });
    write(folder, 'main.mjs', release(THROWS));
    const [pid = 0] = service.lines('worker ready').map(({ worker }) => worker?.pid ?? 0);
    process.kill(pid, 'SIGKILL');
    await service.seen('respawn delayed');
    return service;
  },

  watchdog: async (t) => {
    const service = await startWorking(t, { watchdog: { timeoutMs: 1_000 } });
    await assert.rejects(service.get('/block'));
    await service.seen('worker killed');
    return service;
  },

  'connections-cut': async (t) => {
    const folder = createProject(t);
    const hang = `app.get('/hang', (_, reply) => { reply.hijack(); reply.raw.flushHeaders(); }); return app;`;
    write(folder, 'main.mjs', release(hang));
    const options = { workers: 1, rollout: { minReadyMs: 0, idleMs: 50, graceMs: 500 } };
    const service = await startReadyService(t, {
      fixture: path.join(folder, 'main.mjs'),
      cwd: folder,
      options,
    });
    const cut = assert.rejects(service.get('/hang'));
    await service.get('/');
    service.signal('SIGUSR2');
    await cut;
    await service.seen('connections cut');
    return service;
  },

  'handlers-held': async (t) => {
    const folder = createProject(t);
    write(folder, 'main.mjs', release(`process.on('SIGUSR2', () => undefined); return app;`));
    const service = await startReadyService(t, { fixture: path.join(folder, 'main.mjs'), cwd: folder });
    await service.seen('exit handlers held back');
    return service;
  },

  'link-moved': async (t) => {
    const folder = createProject(t);
    for (const number of [1, 2]) write(folder, `releases/${number}/main.mjs`, release(WORKS));
    const current = path.join(folder, 'current');
    fs.symlinkSync('releases/1', current);
    const service = await startReadyService(t, {
      fixture: './main.mjs',
      cwd: current,
      env: { PWD: undefined },
    });
    fs.symlinkSync('releases/2', `${current}.new`);
    fs.renameSync(`${current}.new`, current);
    service.signal('SIGUSR2');
    await service.seen('link moved, not followed');
    return service;
  },

  'release-incomplete': async (t) => {
    const folder = createProject(t);
    for (const number of [1, 2]) write(folder, `releases/${number}/main.mjs`, release(WORKS));
    write(folder, 'releases/1/otel.mjs', '');
    const current = path.join(folder, 'current');
    fs.symlinkSync('releases/1', current);
    const service = await startReadyService(t, {
      fixture: path.join(current, 'main.mjs'),
      cwd: current,
      env: { PWD: current },
      execArgv: ['--import', fs.realpathSync(path.join(current, 'otel.mjs'))],
    });
    fs.symlinkSync('releases/2', `${current}.new`);
    fs.renameSync(`${current}.new`, current);
    service.signal('SIGUSR2');
    await service.seen('release incomplete, old files used');
    return service;
  },
};

const BLOCKS = PAGES.flatMap((name) => readPage(name).blocks);

suite('log', { concurrency: 2 }, () => {
  test('every excerpt has its scenario, and every scenario its excerpt', () => {
    const shown = BLOCKS.flatMap((block) => attribute(block, 'log') ?? []);
    assert.deepEqual([...new Set(shown)].toSorted(), Object.keys(SCENARIOS).toSorted());
  });

  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    test(`${name}: the excerpts show what is logged`, async (t) => {
      const service = await scenario(t);
      for (const block of BLOCKS.filter((each) => attribute(each, 'log') === name)) {
        for (const excerpt of valuesOf(block.text)) await seeExcerpt(service, excerpt, block);
      }
    });
  }
});
