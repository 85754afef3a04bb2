// Section: what the workers' processes are started with.
import { invalid, isObject, withDefault } from './checks.ts';

/** Undefined: the variable is not set, even if the primary was started with it. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** A release that is about to be started, with the real paths that it is pinned to. */
export interface EnvironmentOf {
  readonly generation: number;
  readonly entry: string;
  readonly cwd: string;
}

/** Called once for each generation. */
export type EnvironmentFunction = (release: EnvironmentOf) => EnvironmentVariables;

export interface EnvironmentOptions {
  /**
   * Environment variables of the workers, besides those that the primary was started with. What was read into
   * `process.env` later, by `--env-file` or dotenv, is not passed on: each worker reads such files anew. A function is
   * called once for each generation, at the start and at each rollout, with its number and paths; what it throws rejects
   * `startClustered`, or aborts the rollout.
   * @default {}
   */
  env?: EnvironmentVariables | EnvironmentFunction | undefined;
  /**
   * Node's own options for the workers, such as `['--max-old-space-size=512']`. Files that they name, such as those of
   * `--import`, `--require` and `--env-file`, are those of the worker's own release. Relative ones are relative to the
   * directory in which the service was started, whatever the option `cwd` says; packages are found from the worker's `cwd`.
   * Options that say what one process runs (`--eval`, `--test`, `--watch` and the like) are left out.
   * @default process.execArgv
   */
  execArgv?: readonly string[] | undefined;
}

type Env = NonNullable<EnvironmentOptions['env']>;

export const checkEnv = withDefault<Env>(
  () => ({}),
  (value, name) => (isFunction(value) ? value : checkVariables(value, name)),
);

function isFunction(value: unknown): value is Extract<Env, (...args: never) => unknown> {
  return typeof value === 'function';
}

/** @throws FST_CLUSTERED_OPTION_INVALID */
function checkVariables(value: unknown, name: string): EnvironmentVariables {
  if (!isObject(value) || value instanceof Promise) throw invalid(name, value, 'an object');
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      if (typeof entry !== 'string' && entry !== undefined)
        throw invalid(`${name}.${key}`, entry, 'a string');
      return [key, entry];
    }),
  );
}

/** The variables for one generation. @throws what the function throws, FST_CLUSTERED_OPTION_INVALID */
export function variablesOf(env: Env, release: EnvironmentOf): EnvironmentVariables {
  return typeof env === 'function' ? checkVariables(env(release), 'env()') : env;
}

export const checkExecArgv = withDefault<readonly string[]>(
  ({ execArgv }) => execArgv,
  (value, name) => {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw invalid(name, value, 'an array of strings');
  },
);
