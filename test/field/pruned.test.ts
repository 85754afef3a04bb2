// Releases with all their dependencies, deleted once they are old, even the release that the primary was started from.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import { installPacked, linkFile, pack } from '../helpers/installed.ts';
import { createReleases, served, workingRelease } from '../helpers/releases.ts';
import type { Releases } from '../helpers/releases.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

const NODE = path.join('node_modules', 'node', 'bin', 'node');

/** How a user would start the service from the link. */
const WAYS: readonly {
  readonly name: string;
  readonly main?: string;
  readonly start: (current: string) => ServiceOptions;
  /** The releases that bring their own Node; by default all. */
  readonly nodeIn?: readonly number[];
}[] = [
  {
    name: 'node',
    start: (current) => ({ fixture: path.join(current, 'main.mjs') }),
  },
  {
    name: 'node, under systemd',
    start: (current) => ({ fixture: path.join(current, 'main.mjs'), env: { PWD: undefined } }),
  },
  {
    name: 'tsx',
    main: 'main.mts',
    start: (current) => ({
      fixture: path.join(current, 'node_modules', 'tsx', 'dist', 'cli.mjs'),
      args: ['main.mts'],
    }),
  },
  {
    name: 'node --import tsx, by NODE_OPTIONS',
    main: 'main.mts',
    start: (current) => ({
      fixture: './main.mts',
      env: { PWD: current, NODE_OPTIONS: `--import ${loaderOf(fs.realpathSync(current))}` },
    }),
  },
  {
    name: 'the Node of the release',
    start: (current) => ({ fixture: './main.mjs', execPath: path.join(current, NODE) }),
  },
  {
    name: 'the Node of the first release, which later ones do not have',
    start: (current) => ({ fixture: './main.mjs', execPath: path.join(current, NODE) }),
    nodeIn: [1],
  },
];

/** The npm package `node`. */
function addNode(release: string): void {
  fs.mkdirSync(path.dirname(path.join(release, NODE)), { recursive: true });
  linkFile(process.execPath, path.join(release, NODE));
}

function loaderOf(release: string): string {
  return path.join(release, 'node_modules', 'tsx', 'dist', 'loader.mjs');
}

suite('pruned releases', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  let packed: string;

  before(() => {
    packed = pack(folder);
  });

  for (const { name, main, start, nodeIn = [1, 2, 3, 4] } of WAYS) {
    test(`S85: ${name}, the first release is deleted -> it respawns, rolls, aborts, goes back and stops`, async (t) => {
      const releases = createReleases(t, (release) => {
        installPacked(release, packed, ['tsx']);
        if (nodeIn.includes(Number(path.basename(release)))) addNode(release);
      });
      releases.write(1, workingRelease('1'), main);
      releases.deploy(1);
      const { current } = releases;
      const service = await startReadyService(t, {
        cwd: current,
        options: { rollout: QUICK },
        ...start(current),
        env: { PWD: current, ...start(current).env },
      });
      assert.deepEqual(await served(service), { release: '1', cwd: releases.path(1), generation: 1 });
      await deploy(service, releases, 2, workingRelease('2'), main);
      releases.remove(1);
      assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 2 });
      await crash(service, 2);
      await deploy(service, releases, 3, workingRelease('3'), main);
      releases.remove(2);
      assert.deepEqual(await served(service), { release: '3', cwd: releases.path(3), generation: 3 });
      releases.write(4, `throw new Error('broken');`, main);
      releases.deploy(4);
      assert.equal((await service.restart()).outcome, 'aborted');
      assert.equal(service.lines('rollout aborted')[0]?.err?.message, 'broken');
      await service.seen('worker exited', { where: ({ worker }) => worker?.generation === 4 });
      releases.remove(4);
      await crash(service, 3);
      assert.deepEqual(await served(service), { release: '3', cwd: releases.path(3), generation: 3 });
      if (nodeIn.includes(3)) assert.deepEqual(pathsInto(releases, [1, 2, 4], await startedBy(service)), []);
      assert.deepEqual(service.lines('fork failed'), []);
      assert.equal(await service.stop(), 0);
      assert.deepEqual(service.leftovers(), []);
    });
  }
});

async function deploy(
  service: Service,
  releases: Releases,
  release: number,
  source: string,
  main?: string,
): Promise<void> {
  releases.write(release, source, main);
  releases.deploy(release);
  await service.rollOut();
}

/** Kills one worker. Its successor is of that generation. */
async function crash(service: Service, generation: number): Promise<void> {
  assert.equal((await service.killOne()).worker?.generation, generation);
}

/** The command lines, variables of Node, and executables of the workers. */
async function startedBy(service: Service): Promise<readonly string[]> {
  return (await service.readyPids()).flatMap((pid) => [
    ...fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'),
    ...fs
      .readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((name) => name.startsWith('NODE_')),
    fs.readlinkSync(`/proc/${pid}/exe`),
  ]);
}

function pathsInto(releases: Releases, old: readonly number[], texts: readonly string[]): readonly string[] {
  return texts.filter((text) => old.some((release) => text.includes(`${releases.path(release)}/`)));
}
