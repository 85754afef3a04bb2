// The options of Node and the environment that a worker of a generation is started with, with every path in its own release.
import fs from 'node:fs';
import type { EnvironmentVariables } from '../../options/index.ts';
import { findMainScript } from './main-script.ts';
import type { MovedPaths } from './moved-paths.ts';
import { placeArguments, placeOptions } from './node-options.ts';
import type { NamedPath, Place } from './node-options.ts';

/** How a worker is started, whatever its release. */
export interface Start {
  readonly execArgv: readonly string[];
  readonly env: EnvironmentVariables;
  /** The directory that relative paths in options of Node are relative to. */
  readonly startedIn: string;
}

/** A file that Node reads before the entry, which the release does not have, but the first one has. */
export interface LeftFile {
  readonly option: string;
  readonly file: string;
  readonly missing: string;
}

/** The paths that options of Node name. */
export function filesOf(start: Start): readonly string[] {
  const files: string[] = [];
  placeAll(start, ({ path }) => {
    files.push(path);
    return path;
  });
  return files;
}

/** The files that workers take from the first release. */
export function leftFiles(start: Start, paths: MovedPaths): readonly LeftFile[] {
  const left: LeftFile[] = [];
  placeAll(start, (named) => {
    const { path: file, missing } = find(named, paths);
    const { option, lookup } = named;
    if (missing !== null && lookup !== null) left.push({ option, file, missing });
    return file;
  });
  return left;
}

export function startIn(start: Start, paths: MovedPaths): Pick<Start, 'execArgv' | 'env'> {
  const { NODE_PATH, PATH } = start.env;
  const { execArgv, NODE_OPTIONS } = placeAll(start, (named) => find(named, paths).path);
  return {
    execArgv,
    env: {
      ...start.env,
      ...(NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS }),
      ...(NODE_PATH === undefined ? {} : { NODE_PATH: paths.list(NODE_PATH) }),
      ...(PATH === undefined ? {} : { PATH: paths.list(PATH) }),
    },
  };
}

function find({ path, lookup }: NamedPath, paths: MovedPaths): ReturnType<MovedPaths['find']> {
  return paths.find(path, lookup === 'script' ? (file) => findMainScript(file) !== undefined : fs.existsSync);
}

interface Placed {
  readonly execArgv: readonly string[];
  readonly NODE_OPTIONS: string | undefined;
}

function placeAll({ execArgv, env, startedIn }: Start, place: Place): Placed {
  const { NODE_OPTIONS } = env;
  return {
    execArgv: placeArguments(execArgv, startedIn, place),
    NODE_OPTIONS: NODE_OPTIONS === undefined ? undefined : placeOptions(NODE_OPTIONS, startedIn, place),
  };
}
