// Release folders as a deploy makes them: releases/1, releases/2, each with its node_modules, and a link `current` that moves.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ClusteredOptions } from 'fastify-clustered';
import { installBuilt } from './installed.ts';
import { startReadyService } from './service.ts';
import type { Service } from './service.ts';

export interface Releases {
  /** The link, to start from. */
  readonly current: string;
  /** Its real path. */
  path(release: number): string;
  /** Writes releases/N/main.mjs, or that other file; a new release gets its node_modules. */
  write(release: number, main: string, file?: string): void;
  /** Moves the link as `ln -sfn` followed by `mv -T` does, so at once. */
  deploy(release: number): void;
  remove(release: number): void;
}

export function createReleases(
  t: { after(hook: () => void): void },
  installIn: (folder: string) => void = installBuilt,
): Releases {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const current = path.join(folder, 'current');
  const real = (release: number): string => path.join(folder, 'releases', String(release));
  return {
    current,
    path: real,
    write(release, main, file = 'main.mjs') {
      if (!fs.existsSync(real(release))) installIn(real(release));
      const place = path.join(real(release), file);
      fs.mkdirSync(path.dirname(place), { recursive: true });
      fs.writeFileSync(place, main);
    },
    deploy(release) {
      fs.symlinkSync(real(release), `${current}.new`);
      fs.renameSync(`${current}.new`, current);
    },
    remove: (release) => fs.rmSync(real(release), { recursive: true }),
  };
}

/** Starts release 1, which works, from the link, as a shell in `current` would. */
export async function startRelease(
  t: { after(hook: () => void | Promise<void>): void },
  releases: Releases,
  options: ClusteredOptions,
  first = workingRelease('1'),
): Promise<Service> {
  releases.write(1, first);
  releases.deploy(1);
  return startReadyService(t, {
    fixture: path.join(releases.current, 'main.mjs'),
    cwd: releases.current,
    options,
    env: { PWD: releases.current },
  });
}

/** What the log says of a release: the paths that its generation is pinned to. */
export function pathsOf(
  releases: Releases,
  release: number,
): { readonly entry: string; readonly cwd: string } {
  return { entry: path.join(releases.path(release), 'main.mjs'), cwd: releases.path(release) };
}

/**
 * Who answers: its release, working directory and generation. A worker whose order to drain is on its way still accepts,
 * and a rollout is complete when it is sent: so whoever drains is waited for.
 */
export async function served(
  service: Service,
): Promise<{ readonly release: string; readonly cwd: string; readonly generation: number }> {
  for (const { worker } of service.lines('worker draining')) {
    await service.seen('worker exited', { where: (exited) => exited.worker?.pid === worker?.pid });
  }
  return JSON.parse((await service.get('/')).body);
}

/** The entry file of a release that works, unless it is told not to. GET / tells which one it is. */
export function workingRelease(
  name: string,
  { before = '', inBuild = '', returns = 'app', afterReady = '' } = {},
): string {
  return `
import process from 'node:process';
import { startClustered } from 'fastify-clustered';
import fastify from 'fastify';
${before}
const service = await startClustered(async (worker) => {
  const app = fastify({ forceCloseConnections: false });
  ${inBuild}
  app.get('/', async () => ({ release: '${name}', cwd: process.cwd(), generation: worker.generation }));
  return ${returns};
}, JSON.parse(process.env.SERVICE_OPTIONS));
if (service.role === 'worker') { ${afterReady} }
if (service.role === 'primary') {
  process.on('message', async ({ id, method, args }) => {
    const value = await service[method](...args);
    // As in fixtures/remote.js: what was said before is written before.
    await new Promise(setImmediate);
    process.send({ id, value });
  });
}
`;
}
