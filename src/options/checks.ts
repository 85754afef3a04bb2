// The checks that the sections share. A check takes what came for an option, and gives what the package works with.
import { OptionInvalidError } from '../errors.ts';
import { show } from '../show.ts';

/** What defaults are taken from. */
export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  /** How many CPUs this process may use. */
  readonly parallelism: number;
}

/** Throws the error that names the option, what came, and what is allowed. */
export interface Check<T> {
  (value: unknown, name: string, runtime: Runtime): T;
  /** Of a group: the checks of its options. */
  readonly checks?: Checks;
}

/** A check for every option of a section, and for nothing else. Null stands for what is found out later. */
export type ChecksOf<Options> = { readonly [Name in keyof Options]-?: Check<Options[Name] | null> };

export type Checks = Readonly<Record<string, Check<unknown>>>;
type Checked<C extends Checks> = { readonly [Name in keyof C]: ReturnType<C[Name]> };

/** The name of the object that holds all options; it is no part of theirs. */
export const ROOT = 'options';

/**
 * An object of options. Where none came, each of its options takes its default. `agree` throws if two options contradict
 * each other.
 */
export function group<C extends Checks>(
  checks: C,
  agree?: (checked: Checked<C>, name: string) => void,
): Check<Checked<C>> {
  const check = (value: unknown, name: string, runtime: Runtime): Checked<C> => {
    const given = value === undefined ? {} : value;
    if (!isObject(given)) throw invalid(name, value, 'an object');
    const prefix = name === ROOT ? '' : `${name}.`;
    const entries = Object.entries(checks).map(([key, each]) => [
      key,
      each(Reflect.get(given, key), `${prefix}${key}`, runtime),
    ]);
    const checked: Checked<C> = Object.fromEntries(entries);
    agree?.(checked, name);
    return checked;
  };
  return Object.assign(check, { checks });
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The only place where a default takes the place of what did not come. Null does not count as missing. */
export function withDefault<T>(fallback: (runtime: Runtime) => T, check: Check<T>): Check<T> {
  return (value, name, runtime) => (value === undefined ? fallback(runtime) : check(value, name, runtime));
}

/** Null where nothing came. */
export function optional<T>(check: Check<T>): Check<T | null> {
  return withDefault<T | null>(() => null, check);
}

interface Range {
  readonly default: number | ((runtime: Runtime) => number);
  readonly min?: number;
  readonly max: number;
}

export function count({ default: fallback, min = 0, max }: Range, unit = ''): Check<number> {
  const fallbackOf = typeof fallback === 'number' ? () => fallback : fallback;
  return withDefault(fallbackOf, (value, name) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw invalid(name, value, `a whole number${unit} from ${min} to ${max}`);
  });
}

/** Node's timers take no longer delay: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const MAX_MS = 2 ** 31 - 1;

export function ms({ default: fallback, min = 0 }: Omit<Range, 'max'>): Check<number> {
  return count({ default: fallback, min, max: MAX_MS }, ' of milliseconds');
}

export const text: Check<string> = (value, name) => {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(name, value, 'a string that is not empty');
};

/** Where nothing came, the environment variable counts; an error then names the variable. */
export function orVariable<T>(
  variable: string,
  check: Check<T>,
  read: (value: string) => unknown = (value) => value,
): Check<T> {
  return (value, name, runtime) => {
    // Shells and compose files leave empty variables; these count as unset.
    const set = runtime.env[variable]?.trim();
    if (value !== undefined || set === undefined || set === '') return check(value, name, runtime);
    return check(read(set), `the environment variable ${variable}`, runtime);
  };
}

/** For the variables that hold a number. What is none stays a string, for the check to refuse. */
export function asNumber(value: string): unknown {
  return /^\d+$/.test(value) ? Number(value) : value;
}

export function invalid(name: string, value: unknown, allowed: string): Error {
  return new OptionInvalidError(name, show(value), allowed);
}
