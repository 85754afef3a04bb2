// Files of the user's that Node reads before the entry, behind a release link: they belong to the generation, in every form.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { createReleases, workingRelease } from '../helpers/releases.ts';
import type { Releases } from '../helpers/releases.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

const OPTIONS = { workers: 1, rollout: QUICK } as const;

interface Way {
  readonly name: string;
  /** @param current the link, in which the service is started */
  readonly start: (current: string, elsewhere: string) => ServiceOptions;
  /** Is there an --env-file? NODE_OPTIONS cannot have one. */
  readonly file?: false;
}

const WAYS: readonly Way[] = [
  {
    name: 'flags through the link',
    start: (current) => ({
      execArgv: [`--import=${current}/setup.mjs`, '-r', `${current}/setup.cjs`, `--env-file=${current}/.env`],
    }),
  },
  {
    name: 'relative flags, and the option cwd leads elsewhere',
    start: (_, elsewhere) => ({
      execArgv: ['--import', './setup.mjs', '--require=./setup.cjs', '--env-file', '.env'],
      options: { ...OPTIONS, cwd: elsewhere },
    }),
  },
  {
    name: 'NODE_OPTIONS through the link',
    start: (current) => ({
      env: { NODE_OPTIONS: `--import file://${current}/setup.mjs --require "${current}/setup.cjs"` },
    }),
    file: false,
  },
  {
    name: 'relative NODE_OPTIONS of the option env, and the option cwd leads elsewhere',
    start: (_, elsewhere) => ({
      options: {
        ...OPTIONS,
        cwd: elsewhere,
        env: { NODE_OPTIONS: '--import ./setup.mjs -r ./setup.cjs' },
      },
    }),
    file: false,
  },
  {
    name: 'the option execArgv',
    start: (current) => ({
      options: {
        ...OPTIONS,
        execArgv: ['--import', `${current}/setup.mjs`, '-r', './setup.cjs', '--env-file=./.env'],
      },
    }),
  },
];

suite('preloads', () => {
  for (const { name, start, file } of WAYS) {
    test(`S88: ${name} -> a crash between link and SIGUSR2 runs the old ones, a rollout the new ones, the first release is deleted`, async (t) => {
      const releases = createReleases(t);
      const elsewhere = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
      t.after(() => fs.rmSync(elsewhere, { recursive: true }));
      const service = await startFirst(t, releases, start(releases.current, elsewhere));
      const of = (release: number): object => ({
        required: release,
        imported: release,
        ...(file === false ? {} : { file: String(release) }),
      });
      assert.deepEqual(await preloaded(service), of(1));
      write(releases, 2);
      releases.deploy(2);
      await service.killOne();
      assert.deepEqual(await preloaded(service), of(1));
      await service.rollOut();
      await service.drained();
      assert.deepEqual(await preloaded(service), of(2));
      releases.remove(1);
      write(releases, 3);
      releases.deploy(3);
      await service.killOne();
      assert.deepEqual(await preloaded(service), of(2));
      assert.deepEqual(service.lines('release incomplete, old files used'), []);
      assert.equal(await service.stop(), 0);
    });
  }

  test('S88: a release has not got a file that the first one has, by its real path -> a warning, and it serves until that is deleted', async (t) => {
    const releases = createReleases(t);
    write(releases, 1);
    const setup = (release: number): string => path.join(releases.path(release), 'setup.mjs');
    const service = await startFirst(t, releases, { execArgv: ['--import', setup(1)] });
    write(releases, 2);
    fs.rmSync(setup(2));
    releases.deploy(2);
    await service.rollOut();
    await service.drained();
    assert.deepEqual(await preloaded(service), { imported: 1 });
    const { level, generation, files, explanation } = await service.seen(
      'release incomplete, old files used',
    );
    assert.deepEqual(
      { level, generation, files },
      { level: 40, generation: 2, files: [{ option: '--import', file: setup(1), missing: setup(2) }] },
    );
    assert.match(String(explanation), /once that is deleted, no worker of this release can start/);
    releases.remove(1);
    const failing = service.next('worker failing');
    process.kill(await service.readyPid(), 'SIGKILL');
    const { err } = await failing;
    assert.match(err?.message ?? '', new RegExp(setup(2)));
    // The next release has it again.
    write(releases, 3);
    releases.deploy(3);
    await service.rollOut();
    assert.deepEqual(await preloaded(service), { imported: 3 });
    assert.equal(service.lines('release incomplete, old files used').length, 1);
    assert.equal(await service.stop(), 0);
  });

  test('S88: a release has not got a file that is named through the link -> the rollout aborts with the path, as a fresh start would fail', async (t) => {
    const releases = createReleases(t);
    const service = await startFirst(t, releases, {
      execArgv: ['--import', path.join(releases.current, 'setup.mjs')],
    });
    write(releases, 2);
    const missing = path.join(releases.path(2), 'setup.mjs');
    fs.rmSync(missing);
    releases.deploy(2);
    assert.equal((await service.restart()).outcome, 'aborted');
    const [aborted] = service.lines('rollout aborted');
    assert.equal(aborted?.['reason'], 'boot-failed');
    assert.match(aborted.err?.message ?? '', new RegExp(missing));
    assert.deepEqual(await preloaded(service), { imported: 1 });
    assert.equal(await service.stop(), 0);
  });
});

function startFirst(
  t: { after(hook: () => void | Promise<void>): void },
  releases: Releases,
  { env, ...others }: ServiceOptions,
): Promise<Service> {
  write(releases, 1);
  releases.deploy(1);
  const { current } = releases;
  return startReadyService(t, {
    fixture: path.join(current, 'main.mjs'),
    cwd: current,
    options: OPTIONS,
    ...others,
    env: { PWD: current, ...env },
  });
}

/** A release whose preloads tell of which release they are. */
function write(releases: Releases, release: number): void {
  const inBuild = `app.get('/preloaded', async () => ({ ...globalThis.preloaded, file: process.env.OF_FILE }));`;
  releases.write(release, workingRelease(String(release), { inBuild }));
  const note = (how: string): string =>
    `globalThis.preloaded = { ...globalThis.preloaded, ${how}: ${release} };`;
  releases.write(release, note('imported'), 'setup.mjs');
  releases.write(release, note('required'), 'setup.cjs');
  releases.write(release, `OF_FILE=${release}\n`, '.env');
}

async function preloaded(service: Service): Promise<object> {
  return JSON.parse((await service.get('/preloaded')).body);
}
