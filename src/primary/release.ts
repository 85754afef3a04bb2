// Where the code is now: the entry file and the working directory, by their logical and by their real paths.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { NoEntryError, ReleaseNotFoundError } from '../errors.ts';
import type { Settings } from '../options.ts';

/** Paths as they were given: they may lead through symbolic links, such as `current`, that deploys move. */
export interface LogicalRelease {
  readonly entry: string;
  readonly cwd: string;
}

/** Paths with every link resolved: what a generation is pinned to. */
export interface PinnedRelease {
  readonly entry: string;
  readonly cwd: string;
}

/** @throws FST_CLUSTERED_NO_ENTRY */
export function locate({ entry, cwd }: Pick<Settings, 'entry' | 'cwd'>): LogicalRelease {
  const workingDirectory =
    cwd === null ? logicalWorkingDirectory() : path.resolve(logicalWorkingDirectory(), cwd);
  if (entry !== null) return { entry: path.resolve(logicalWorkingDirectory(), entry), cwd: workingDirectory };
  const script = process.argv[1];
  if (script === undefined) throw new NoEntryError();
  return { entry: logicalPath(path.resolve(script)), cwd: workingDirectory };
}

/** @throws FST_CLUSTERED_RELEASE_NOT_FOUND */
export function pin({ entry, cwd }: LogicalRelease): PinnedRelease {
  return { entry: realPath(entry), cwd: realPath(cwd) };
}

export function isThere({ entry, cwd }: PinnedRelease): boolean {
  return fs.existsSync(entry) && fs.existsSync(cwd);
}

/** After a shell's `cd current`, process.cwd() has the link resolved already; only $PWD still knows it. */
function logicalWorkingDirectory(): string {
  const logical = process.env['PWD'];
  if (logical === undefined || !path.isAbsolute(logical)) return process.cwd();
  try {
    return fs.realpathSync(logical) === fs.realpathSync(process.cwd()) ? logical : process.cwd();
  } catch {
    return process.cwd();
  }
}

/** Node makes the entry file absolute against process.cwd(), so a path below it has lost its link, too. */
function logicalPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  const isBelow = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  return isBelow ? path.join(logicalWorkingDirectory(), relative) : file;
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch (error) {
    throw new ReleaseNotFoundError(file, { cause: error });
  }
}
