// Release folders as a deploy makes them: releases/1, releases/2, each with its node_modules, and a link `current` that moves.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ClusteredOptions } from 'fastify-clustered';
import { installBuilt } from './installed.ts';
import { startReadyService } from './service.ts';
import type { Service } from './service.ts';

export interface Releases {
  /** The link, from which services start. */
  readonly current: string;
  /** The real path of a release. */
  path(release: number): string;
  /** Writes releases/N/main.mjs, or another file; a new release gets its node_modules. */
  write(release: number, main: string, file?: string): void;
  /** Moves the link atomically, as `ln -s` and `mv -T` do. */
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

/** The paths that the generation of a release is pinned to, as the log has them. */
export function pathsOf(
  releases: Releases,
  release: number,
): { readonly entry: string; readonly cwd: string } {
  return { entry: path.join(releases.path(release), 'main.mjs'), cwd: releases.path(release) };
}

/**
 * The release, working directory and generation that answer. A rollout completes when the last order to drain is sent,
 * and a worker accepts until it reads that order, so workers that drain have to exit first.
 */
export async function served(
  service: Service,
): Promise<{ readonly release: string; readonly cwd: string; readonly generation: number }> {
  await service.drained();
  return JSON.parse((await service.get('/')).body);
}

/** The entry file of a release that works, unless a piece of code breaks it. GET / names the release. */
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
    // As in fixtures/remote.js: the log lines before this answer are written before it.
    await new Promise(setImmediate);
    process.send({ id, value });
  });
}
`;
}
