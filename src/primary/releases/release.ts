// Where the code is now: the entry file and the working directory, by their logical and by their real paths.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { NoEntryError, ReleaseNotFoundError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import { follow, linksOn, realPathOf, throughLink, unique } from './links.ts';
import type { Link } from './links.ts';
import { findMainScript } from './main-script.ts';

/** Paths as they were given: they may lead through symbolic links, such as `current`, that deploys move. */
export interface LogicalRelease {
  /** As it was named: it may lack its extension, or be a folder. */
  readonly entry: string;
  readonly cwd: string;
  /** The links on the way to both, and where they led when the primary was started. */
  readonly links: readonly Link[];
}

/** Paths with every link resolved: what a generation is pinned to. */
export interface PinnedRelease {
  readonly entry: string;
  readonly cwd: string;
  /** Where the links led then. */
  readonly links: readonly Link[];
}

/** @throws FST_CLUSTERED_NO_ENTRY */
export function locate({ entry, cwd }: Pick<Settings, 'entry' | 'cwd'>): LogicalRelease {
  const script = process.argv[1];
  const shell = shellDirectory();
  // The system tells a process where it is, and Node what it runs, without the links that led there: what else names a path
  // through a link, such as an absolute entry under systemd, tells that.
  const named = [shell, entry, cwd, script].filter((name) => name && path.isAbsolute(name));
  const known = unique(named.flatMap((name) => linksOn(name ?? '')));
  const here = shell ?? throughLink(process.cwd(), known);
  if (entry === null && script === undefined) throw new NoEntryError();
  const logicalEntry =
    entry === null ? throughLink(path.resolve(script ?? ''), known) : path.resolve(here, entry);
  const logicalCwd = path.resolve(here, cwd ?? '');
  const links = unique([...linksOn(logicalEntry), ...linksOn(logicalCwd)]);
  return { entry: logicalEntry, cwd: logicalCwd, links };
}

/** @throws FST_CLUSTERED_RELEASE_NOT_FOUND */
export function pin({ entry, cwd, links }: LogicalRelease): PinnedRelease {
  return { entry: mainScript(entry), cwd: realPath(cwd), links: follow(links.map((link) => link.path)) };
}

export function isThere({ entry, cwd }: PinnedRelease): boolean {
  return fs.existsSync(entry) && fs.existsSync(cwd);
}

/** After `cd current`, process.cwd() has the link resolved already; $PWD still knows it, if it is of this directory. */
function shellDirectory(): string | null {
  const logical = process.env['PWD'];
  if (logical === undefined || !path.isAbsolute(logical)) return null;
  return realPathOf(logical) === realPathOf(process.cwd()) ? logical : null;
}

function mainScript(named: string): string {
  const script = findMainScript(named);
  if (script !== undefined) return realPath(script);
  throw new ReleaseNotFoundError(fs.existsSync(named) ? `a main script in the folder ${named}` : named);
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch (error) {
    throw new ReleaseNotFoundError(file, { cause: error });
  }
}
