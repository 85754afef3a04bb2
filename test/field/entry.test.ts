// The ways to name the entry and the folder: after a rollout both are of the release behind the link, or a warning says so.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import type { ClusteredOptions } from 'fastify-clustered';
import { installPacked, pack } from '../helpers/installed.ts';
import { createReleases, served, workingRelease } from '../helpers/releases.ts';
import type { Releases } from '../helpers/releases.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

interface Way {
  readonly title: string;
  /** Of the release's package.json. */
  readonly type: 'module' | 'commonjs';
  /** The argument of Node; ~ is the link. */
  readonly node: string;
  /** Undefined: not set, as under systemd. */
  readonly pwd?: string;
  readonly cwd?: string;
  readonly options?: ClusteredOptions;
}

const FOLLOWED: readonly Way[] = [
  { title: 'cd current && node .', type: 'module', node: '.', pwd: '~' },
  { title: 'cd current && node .', type: 'commonjs', node: '.', pwd: '~' },
  { title: 'cd current && node dist/main', type: 'module', node: './dist/main', pwd: '~' },
  { title: 'cd current && node dist/main', type: 'commonjs', node: './dist/main', pwd: '~' },
  { title: 'cd current/dist && node ..', type: 'module', node: '..', pwd: '~/dist', cwd: '~/dist' },
  { title: 'systemd, node /srv/current', type: 'module', node: '~' },
  { title: 'systemd, node /srv/current/dist/main', type: 'commonjs', node: '~/dist/main' },
  {
    title: 'no PWD, options entry and cwd',
    type: 'module',
    node: './dist/main',
    options: { entry: '~/dist', cwd: '~/dist' },
  },
];

suite('entry', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  let packed: string;

  before(() => {
    packed = pack(folder);
  });

  function create(t: { after(hook: () => void): void }): Releases {
    return createReleases(t, (release) => installPacked(release, packed));
  }

  for (const way of FOLLOWED) {
    test(`S86: ${way.title} (${way.type}) -> it starts, and rollouts follow the link`, async (t) => {
      const releases = create(t);
      const service = await start(t, releases, way);
      const cwd = (release: number): string =>
        path.join(releases.path(release), (way.options?.cwd ?? way.cwd ?? '~').slice(2));
      assert.deepEqual(await served(service), { release: '1', cwd: cwd(1), generation: 1 });
      for (const release of [2, 3]) {
        write(releases, release, way);
        releases.deploy(release);
        releases.remove(release - 1);
        await service.rollOut();
        assert.deepEqual(await served(service), {
          release: String(release),
          cwd: cwd(release),
          generation: release,
        });
      }
      assert.deepEqual(warnings(service), []);
      assert.equal(await service.stop(), 0);
    });
  }

  test('S86: a relative entry without PWD -> the link is unknown, the same release rolls again, and a warning says so', async (t) => {
    const releases = create(t);
    const way = { type: 'module', node: './dist/main' } as const;
    const service = await start(t, releases, way);
    await service.rollOut();
    assert.deepEqual(warnings(service), []);
    write(releases, 2, way);
    releases.deploy(2);
    await service.rollOut();
    assert.deepEqual(await served(service), { release: '1', cwd: releases.path(1), generation: 3 });
    const { current } = releases;
    const { generation, entry, cwd, link, leadsTo, through } = await service.seen('link moved, not followed');
    assert.deepEqual(
      { generation, entry, cwd, link, leadsTo, through },
      {
        generation: 3,
        entry: path.join(releases.path(1), 'dist', 'main.js'),
        cwd: releases.path(1),
        link: current,
        leadsTo: releases.path(2),
        through: { entry: path.join(current, 'dist', 'main.js'), cwd: current },
      },
    );
    assert.equal(warnings(service).length, 1);
  });

  test('S86: new code in the old working directory -> a warning says so', async (t) => {
    const releases = create(t);
    const way = { type: 'module', node: '~/dist/main.js', options: { cwd: releases.path(1) } } as const;
    const service = await start(t, releases, way);
    write(releases, 2, way);
    releases.deploy(2);
    await service.rollOut();
    assert.deepEqual(await served(service), { release: '2', cwd: releases.path(1), generation: 2 });
    const { entry, cwd, link } = await service.seen('link moved, followed in part');
    assert.deepEqual(
      { entry, cwd, link },
      {
        entry: path.join(releases.path(2), 'dist', 'main.js'),
        cwd: releases.path(1),
        link: releases.current,
      },
    );
    assert.equal(warnings(service).length, 1);
  });
});

function start(
  t: { after(hook: () => void | Promise<void>): void },
  releases: Releases,
  { type, node, pwd, cwd = '~', options = {} }: Omit<Way, 'title'>,
): Promise<Service> {
  write(releases, 1, { type });
  releases.deploy(1);
  const at = (text: string): string => text.replaceAll('~', releases.current);
  return startReadyService(t, {
    fixture: at(node),
    cwd: at(cwd),
    env: { PWD: pwd && at(pwd) },
    options: { rollout: QUICK, ...JSON.parse(at(JSON.stringify(options))) },
  });
}

/** dist/main.js, which package.json names without its extension. */
function write(releases: Releases, release: number, { type }: Pick<Way, 'type'>): void {
  const manifest = (main: string): string => JSON.stringify({ type, main });
  releases.write(release, manifest('dist/main'), 'package.json');
  releases.write(release, manifest('main'), 'dist/package.json');
  releases.write(release, workingRelease(String(release)), 'service.mjs');
  const main = type === 'module' ? `import '../service.mjs';` : `import('../service.mjs');`;
  releases.write(release, main, 'dist/main.js');
}

function warnings(service: Service): readonly string[] {
  return service.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('link moved'));
}
