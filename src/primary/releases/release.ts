// Finds the release: the entry file and the working directory, by their logical paths and by their real ones.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { NoEntryError, ReleaseNotFoundError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import { mainScript } from '../../process/command-line.ts';
import { startingDirectory, startingEnvironment } from '../../process/environment.ts';
import { follow, linksOn, realPathOf, throughLink, unique } from './links.ts';
import type { Link } from './links.ts';
import { findMainScript } from './main-script.ts';
import { filesOf } from './started-with.ts';

/** Paths as they were given: they may lead through symbolic links, such as `current`, that deploys move. */
export interface LogicalRelease {
  /** As it was given: it may lack its extension, or be a folder. */
  readonly entry: string;
  readonly cwd: string;
  /** The directory in which the primary was started: relative paths are relative to it. */
  readonly startedIn: string;
  /** The links on the way to entry and working directory, and where they led when the primary was started. */
  readonly links: readonly Link[];
}

/** The real paths, with every link resolved: a generation is pinned to them. */
export interface PinnedRelease {
  readonly entry: string;
  readonly cwd: string;
  /** Where the links led when it was pinned. */
  readonly links: readonly Link[];
}

/** @throws FST_CLUSTERED_NO_ENTRY */
export function locate({
  entry,
  cwd,
  execArgv,
}: Pick<Settings, 'entry' | 'cwd' | 'execArgv'>): LogicalRelease {
  const script = mainScript();
  const shell = shellDirectory(process.cwd());
  const started = startingDirectory();
  const files = filesOf({ execArgv, env: startingEnvironment(), startedIn: started });
  // process.cwd() and process.argv[1] come without the links that led there. Those are known only from another name of the
  // path, such as $PWD, an absolute entry under systemd, or the file of an --import.
  const named = [shell, entry, cwd, script, ...files].filter((name) => name && path.isAbsolute(name));
  const known = unique(named.flatMap((name) => linksOn(name ?? '')));
  const here = shell ?? throughLink(process.cwd(), known);
  if (entry === null && script === undefined) throw new NoEntryError();
  const logicalEntry =
    entry === null ? throughLink(path.resolve(script ?? ''), known) : path.resolve(here, entry);
  const logicalCwd = path.resolve(here, cwd ?? '');
  const links = unique([...linksOn(logicalEntry), ...linksOn(logicalCwd)]);
  const startedIn = shellDirectory(started) ?? throughLink(started, known);
  return { entry: logicalEntry, cwd: logicalCwd, startedIn, links };
}

/** @throws FST_CLUSTERED_RELEASE_NOT_FOUND */
export function pin({ entry, cwd, links }: Omit<LogicalRelease, 'startedIn'>): PinnedRelease {
  return { entry: scriptAt(entry), cwd: realPath(cwd), links: follow(links.map((link) => link.path)) };
}

/** Its paths alone, as the fleet and the log have them. */
export function pathsOf({ entry, cwd }: PinnedRelease): Pick<PinnedRelease, 'entry' | 'cwd'> {
  return { entry, cwd };
}

export function exists({ entry, cwd }: PinnedRelease): boolean {
  return fs.existsSync(entry) && fs.existsSync(cwd);
}

/** After `cd current`, that directory has the link resolved; $PWD has it still, unless it is left over from another directory. */
function shellDirectory(directory: string): string | null {
  const logical = process.env['PWD'];
  if (logical === undefined || !path.isAbsolute(logical)) return null;
  return realPathOf(logical) === realPathOf(directory) ? logical : null;
}

function scriptAt(named: string): string {
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
