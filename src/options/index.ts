// Every option: its type, default, environment variable and validation. Behind this file nothing is optional.
import os from 'node:os';
import process from 'node:process';
import type { LoggerOptions } from 'pino';
import { OptionInvalidError, OptionUnknownError } from '../errors.ts';
import type { Policy } from '../fleet/policy.ts';
import { show } from '../show.ts';

/** What startClustered takes. All times are in milliseconds. */
export interface ClusteredOptions {
  /**
   * How many workers serve, at most 1,024. `'auto'`: the environment variable `WEB_CONCURRENCY`, else as many as there are CPUs
   * that this process may use (`os.availableParallelism()`). `0`: no worker, this very process serves.
   * @default 'auto'
   */
  workers?: number | 'auto';
  listen?: ListenOptions;
  boot?: {
    /**
     * How long a worker may take from its fork until it is ready, before it is killed, in ms.
     * @default 30_000
     */
    timeoutMs?: number;
    /**
     * How many workers may boot at once, so that each of many is ready in time, and the first ones soon. The others are
     * forked one by one, as these get ready or fail.
     * @default twice the CPUs that this process may use (`os.availableParallelism()`), at least 4
     */
    concurrency?: number;
  };
  respawn?: {
    /**
     * A worker that dies sooner after it was ready than this many ms died early.
     * @default 5_000
     */
    minUptimeMs?: number;
    /**
     * After this many early deaths in a row a slot is retried at the slowest pace only (`backoff.maxMs`). When all
     * slots are there and no worker is ready, the primary exits with code 1.
     * @default 10
     */
    maxEarlyExits?: number;
    /** Exponential backoff with full jitter. The first respawn is immediate. */
    backoff?: {
      /**
       * Upper bound of the first delay, in ms; it doubles with every further early death.
       * @default 100
       */
      initialMs?: number;
      /**
       * Upper bound of every delay, in ms.
       * @default 30_000
       */
      maxMs?: number;
    };
  };
  /** The rolling restart. `maxSurge` and `maxUnavailable` mean what they mean in a Kubernetes Deployment. */
  rollout?: {
    /**
     * How many workers there may be above `workers`, those that drain not counted. With `maxSurge >= workers` every
     * successor is ready before the first old worker drains, so that an abort is a full rollback.
     * @default 1
     */
    maxSurge?: number;
    /**
     * How many workers may be missing. Not 0 when `maxSurge` is 0.
     * @default 0
     */
    maxUnavailable?: number;
    /**
     * How long a successor must have been ready before the old worker drains, in ms. If it dies sooner, the rollout
     * is aborted.
     * @default 1_000
     */
    minReadyMs?: number;
    /**
     * A draining worker closes a connection that has been idle for this long, in ms.
     * @default 5_000
     */
    idleMs?: number;
    /**
     * How long requests in flight may take to finish in a draining worker, in ms; then they are cut.
     * @default 30_000
     */
    graceMs?: number;
  };
  shutdown?: {
    /**
     * How long to serve on, with readiness 503, before draining, so that load balancers notice, in ms.
     * @default 0
     */
    delayMs?: number;
    /**
     * Like `rollout.idleMs`, in ms.
     * @default 1_000
     */
    idleMs?: number;
    /**
     * Like `rollout.graceMs`, in ms.
     * @default 7_000
     */
    graceMs?: number;
  };
  /**
   * How long `app.close()`, and so every onClose hook, may take after a drain, in ms; then SIGKILL.
   * @default 2_000
   */
  closeMs?: number;
  /**
   * A ready worker whose event loop gives no sign of life for `timeoutMs` is killed and replaced. `false`: never.
   * Off by itself under a debugger.
   * @default { timeoutMs: 30_000 }
   */
  watchdog?: { timeoutMs?: number } | false;
  /**
   * The entry file of the workers. Its real path is pinned at the start and at every rollout.
   * @default the file that node was started with
   */
  entry?: string;
  /**
   * The working directory of the workers. Its real path is pinned at the start and at every rollout.
   * @default the working directory, by its logical path (`$PWD`) where there is one
   */
  cwd?: string;
  /**
   * Environment variables of the workers, besides those of the primary.
   * @default {}
   */
  env?: Readonly<Record<string, string>>;
  /**
   * Node's own options for the workers, such as `['--max-old-space-size=512']`.
   * @default process.execArgv
   */
  execArgv?: readonly string[];
  /**
   * What the primary logs with: `true` for pino with its defaults, `false` for nothing, options for pino, or a logger
   * that has `child()`. The workers' apps log by themselves.
   *
   * Pino writes to stdout asynchronously: it never waits for whoever reads it, and drops what finds no room in 1 MiB. A
   * logger that is passed, or a `transport` of pino's, may throw, reject, or fail later: that harms nothing. But it must
   * not block: while it does, the primary supervises no worker.
   * @default true
   */
  logger?: boolean | LoggerOptions | ClusteredLogger;
}

/** Where to listen. */
export interface ListenOptions {
  /**
   * 0: any free port, the same one for every worker.
   * @default the environment variable PORT, else 3000
   */
  port?: number;
  /**
   * `'localhost'` means every address that it resolves to.
   * @default the environment variable FASTIFY_ADDRESS, else 'localhost'
   */
  host?: string;
  /**
   * How many connections the kernel holds until a worker accepts them; the kernel may cap it (`net.core.somaxconn`).
   * @default 511
   */
  backlog?: number;
}

/** The part of a pino-like logger that the primary uses. */
export interface ClusteredLogger {
  child(bindings: Record<string, unknown>): ClusteredLogger;
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** The options once validated. */
export interface Settings {
  readonly workers: number;
  readonly listen: { readonly port: number; readonly host: string; readonly backlog: number };
  readonly policy: Policy;
  /** Null: to be found out from how node was started. */
  readonly entry: string | null;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
  readonly logger: boolean | LoggerOptions | ClusteredLogger;
}

/** What defaults depend on. */
interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  readonly parallelism: number;
}

/** setTimeout of Node.js takes no longer delay: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const MAX_MS = 2 ** 31 - 1;

/**
 * @throws FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_OPTION_UNKNOWN: the first option that is wrong.
 */
export function validate(
  options: ClusteredOptions,
  { env, execArgv, parallelism }: Surroundings = {
    env: process.env,
    execArgv: process.execArgv,
    parallelism: os.availableParallelism(),
  },
): Settings {
  const all = group(options, 'options', {
    workers: orAuto(env, parallelism),
    listen: (value) => validateListen(value, env),
    boot: (value, name) =>
      group(value, name, { timeoutMs: ms(30_000, 1), concurrency: concurrency(parallelism) }),
    respawn: validateRespawn,
    rollout: validateRollout,
    shutdown: (value, name) =>
      validateDrain(group(value, name, { delayMs: ms(0), idleMs: ms(1_000), graceMs: ms(7_000) }), name),
    closeMs: ms(2_000, 1),
    watchdog: validateWatchdog,
    entry: orNull(text),
    cwd: orNull(text),
    env: (value = {}, name) => validateEnv(value, name),
    execArgv: (value = execArgv, name) => validateTexts(value, name),
    logger: validateLogger,
  });
  const { boot, respawn, rollout, shutdown, closeMs, watchdog, ...rest } = all;
  const policy = { maxWorkers: MOST_WORKERS, boot, respawn, rollout, shutdown, closeMs };
  // At a breakpoint an event loop stands still, and is well.
  const watched = isDebugged(rest.execArgv, env) ? false : watchdog;
  return { ...rest, policy: { ...policy, watchdog: watched } };
}

type Check<T> = (value: unknown, name: string) => T;
type Checks = Readonly<Record<string, Check<unknown>>>;
type Checked<C extends Checks> = { readonly [K in keyof C]: ReturnType<C[K]> };

/** An object whose every property has its check. A missing object is an empty one: every property has a default. */
function group<C extends Checks>(value: unknown, name: string, checks: C): Checked<C> {
  const given = value === undefined ? {} : value;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(name, value, 'an object');
  const known = Object.keys(checks);
  const prefix = name === 'options' ? '' : `${name}.`;
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw new OptionUnknownError(`${prefix}${key}`, known.join(', '));
  }
  const entries = Object.entries(checks).map(([key, check]) => [
    key,
    check(Reflect.get(given, key), `${prefix}${key}`),
  ]);
  return Object.fromEntries(entries);
}

function whole(fallback: number, least: number, most: number, unit = ''): Check<number> {
  return (value, name) => {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw invalid(name, value, `a whole number${unit} from ${least} to ${most}`);
  };
}

function ms(fallback: number, least = 0): Check<number> {
  return whole(fallback, least, MAX_MS, ' of milliseconds');
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(name, value, 'a string that is not empty');
}

function orNull<T>(check: Check<T>): Check<T | null> {
  return (value, name) => (value === undefined ? null : check(value, name));
}

/** Of the option, of `scale()` and of signals; so nothing that counts workers is ever more. */
const MOST_WORKERS = 1024;

/** How many workers are wanted from now on: there is no default, and no way back to none. */
export function validateSize(value: unknown, name: string): number {
  const isWhole = typeof value === 'number' && Number.isInteger(value);
  if (isWhole && value >= 1 && value <= MOST_WORKERS) return value;
  throw invalid(name, value, `a whole number from 1 to ${MOST_WORKERS}`);
}

function orAuto(env: Surroundings['env'], parallelism: number): Check<number> {
  return (value, name) => {
    if (value !== undefined && value !== 'auto') {
      if (typeof value !== 'number')
        throw invalid(name, value, `'auto' or a whole number from 0 to ${MOST_WORKERS}`);
      return whole(0, 0, MOST_WORKERS)(value, name);
    }
    return fromVariable(env, 'WEB_CONCURRENCY', whole(Math.min(parallelism, MOST_WORKERS), 0, MOST_WORKERS));
  };
}

function concurrency(parallelism: number): Check<number> {
  return whole(Math.min(Math.max(2 * parallelism, 4), MOST_WORKERS), 1, MOST_WORKERS);
}

function fromVariable(env: Surroundings['env'], variable: string, check: Check<number>): number {
  const value = env[variable]?.trim();
  const name = `the environment variable ${variable}`;
  if (value === undefined || value === '') return check(undefined, name);
  return check(/^\d+$/.test(value) ? Number(value) : value, name);
}

function validateListen(value: unknown, env: Surroundings['env']): Settings['listen'] {
  const port = whole(3000, 0, 65_535);
  return group(value, 'listen', {
    port: (given, name) => (given === undefined ? fromVariable(env, 'PORT', port) : port(given, name)),
    host: (given, name) => text(given ?? (env['FASTIFY_ADDRESS']?.trim() || 'localhost'), name),
    backlog: whole(511, 1, 65_535),
  });
}

function validateRespawn(value: unknown, name: string): Policy['respawn'] {
  const respawn = group(value, name, {
    minUptimeMs: ms(5_000),
    maxEarlyExits: whole(10, 1, 1_000_000),
    backoff: (given, inner) => group(given, inner, { initialMs: ms(100, 1), maxMs: ms(30_000, 1) }),
  });
  const { initialMs, maxMs } = respawn.backoff;
  if (initialMs > maxMs) {
    throw invalid(`${name}.backoff.initialMs`, initialMs, `at most ${name}.backoff.maxMs (${maxMs})`);
  }
  return respawn;
}

function validateRollout(value: unknown, name: string): Policy['rollout'] {
  const rollout = group(value, name, {
    maxSurge: whole(1, 0, MOST_WORKERS),
    maxUnavailable: whole(0, 0, MOST_WORKERS),
    minReadyMs: ms(1_000),
    idleMs: ms(5_000),
    graceMs: ms(30_000),
  });
  if (rollout.maxSurge === 0 && rollout.maxUnavailable === 0) {
    throw invalid(
      `${name}.maxUnavailable`,
      0,
      `at least 1 when ${name}.maxSurge is 0, else no worker could ever be replaced`,
    );
  }
  return validateDrain(rollout, name);
}

function validateWatchdog(value: unknown, name: string): Policy['watchdog'] {
  return value === false ? false : group(value, name, { timeoutMs: ms(30_000, 1) });
}

function isDebugged(execArgv: readonly string[], env: Surroundings['env']): boolean {
  return [...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(' ')].some((option) =>
    option.startsWith('--inspect'),
  );
}

function validateDrain<T extends { readonly idleMs: number; readonly graceMs: number }>(
  times: T,
  name: string,
): T {
  if (times.idleMs > times.graceMs) {
    throw invalid(`${name}.idleMs`, times.idleMs, `at most ${name}.graceMs (${times.graceMs})`);
  }
  return times;
}

function validateEnv(value: unknown, name: string): Settings['env'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(name, value, 'an object');
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      if (typeof entry !== 'string') throw invalid(`${name}.${key}`, entry, 'a string');
      return [key, entry];
    }),
  );
}

function validateTexts(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw invalid(name, value, 'an array of strings');
}

const LOGGER_METHODS = ['child', 'debug', 'info', 'warn', 'error'];

function validateLogger(value: unknown = true, name: string): Settings['logger'] {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    if (isLogger(value)) return value;
    if (!('child' in value) && !('info' in value)) return value;
  }
  throw invalid(name, value, `a boolean, options for pino, or a logger with ${LOGGER_METHODS.join(', ')}`);
}

function isLogger(value: object): value is ClusteredLogger {
  return LOGGER_METHODS.every((method) => typeof Reflect.get(value, method) === 'function');
}

function invalid(name: string, value: unknown, allowed: string): Error {
  return new OptionInvalidError(name, show(value), allowed);
}
