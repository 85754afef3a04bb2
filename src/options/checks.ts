// The checks that the sections share. A check takes what came for an option, and gives what the package works with.
import { OptionInvalidError } from '../errors.ts';
import { show } from '../show.ts';
import { readVariable, variableOf } from './variables.ts';

/** What defaults are taken from. */
export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  readonly capacity: Capacity;
}

/** What the machine, or the container, has room for. */
export interface Capacity {
  /** How many CPUs this process may use at once: a quota counts, in whole CPUs, at least 1. */
  readonly cpus: number;
  /** How many workers it has CPUs and memory for. */
  readonly workers: number;
  /** Null: memory is not limited. */
  readonly memoryBytes: number | null;
}

/** Throws the error that names the option, what came, and what is allowed. */
export interface Check<T> {
  (value: unknown, name: string, runtime: Runtime): T;
  /** Of a group: the checks of its options. */
  readonly checks?: Checks;
  /** How the text of an environment variable is understood. Left out: as a number or a boolean, if it looks like one. */
  readonly read?: ((text: string) => unknown) | undefined;
}

/** A check for every option of a section, and for nothing else. Null stands for what is found out later. */
export type ChecksOf<Options> = { readonly [Name in keyof Options]-?: Check<OrLater<Options[Name]>> };

type OrLater<T> = T extends readonly (infer E extends object)[] ? readonly OrLater<E>[] : OrLaterOne<T>;

type OrLaterOne<T> = (T extends object ? { readonly [Name in keyof T]: T[Name] | null } : T) | null;

export type Checks = Readonly<Record<string, Check<unknown>>>;
type Checked<C extends Checks> = { readonly [Name in keyof C]: ReturnType<C[Name]> };

/** The name of the object that holds all options; it is no part of theirs. */
export const ROOT = 'options';

/**
 * An object of options. Where none came, each of its options is taken from its environment variable, else from its default. `agree` throws if two options contradict
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
      checkOrVariable(each, Reflect.get(given, key), `${prefix}${key}`, runtime),
    ]);
    const checked: Checked<C> = Object.fromEntries(entries);
    agree?.(checked, name);
    return checked;
  };
  return Object.assign(check, { checks });
}

/** Where nothing came, the option's own environment variable counts; an error then names the variable. */
function checkOrVariable<T>(check: Check<T>, value: unknown, name: string, runtime: Runtime): T {
  const variable = variableOf(name);
  const set = readVariable(runtime.env, variable);
  if (value !== undefined || set === undefined) return check(value, name, runtime);
  // Only a switch is a group that a variable can say something of: on, or off.
  if (check.checks !== undefined && set === 'true') return check({}, name, runtime);
  return check((check.read ?? asNumberOrBoolean)(set), `the environment variable ${variable}`, runtime);
}

/** A group that `false` switches off. */
export function orFalse<T>(check: Check<T>, byDefault: 'on' | 'off'): Check<T | false> {
  const { checks = {} } = check;
  const whenMissing = (name: string, { env }: Runtime): unknown => {
    const names = Object.keys(checks).map((key) => variableOf(`${name}.${key}`));
    const isSet = names.some((variable) => readVariable(env, variable) !== undefined);
    return byDefault === 'on' || isSet ? undefined : false;
  };
  return Object.assign(
    (value: unknown, name: string, runtime: Runtime): T | false => {
      const given = value === undefined ? whenMissing(name, runtime) : value;
      return given === false ? false : check(given, name, runtime);
    },
    { checks },
  );
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The only place where a default takes the place of what did not come. Null does not count as missing. */
export function withDefault<T>(fallback: (runtime: Runtime) => T, check: Check<T>): Check<T> {
  return Object.assign(
    (value: unknown, name: string, runtime: Runtime) =>
      value === undefined ? fallback(runtime) : check(value, name, runtime),
    { read: check.read },
  );
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

/** True or false. */
export function trueOrFalse(options: { readonly default: boolean }): Check<boolean> {
  return withDefault<boolean>(
    () => options.default,
    (value, name) => {
      if (typeof value === 'boolean') return value;
      throw invalid(name, value, 'true or false');
    },
  );
}

export const text: Check<string> = Object.assign(
  (value: unknown, name: string): string => {
    if (typeof value === 'string' && value !== '') return value;
    throw invalid(name, value, 'a string that is not empty');
  },
  { read: (set: string) => set },
);

/** The same for a variable that others know, too. The option's own one comes first: nobody sets it by accident. */
export function orVariable<T>(
  variable: string,
  check: Check<T>,
  read: (value: string) => unknown = (value) => value,
): Check<T> {
  return Object.assign(
    (value: unknown, name: string, runtime: Runtime) => {
      const set = readVariable(runtime.env, variable);
      if (value !== undefined || set === undefined) return check(value, name, runtime);
      return check(read(set), `the environment variable ${variable}`, runtime);
    },
    { read: check.read },
  );
}

/** For the variables that hold a number. What is none stays a string, for the check to refuse. */
export function asNumber(value: string): unknown {
  return /^\d+$/.test(value) ? Number(value) : value;
}

/** What looks like neither stays a string, for the check to take or to refuse. */
function asNumberOrBoolean(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

export function invalid(name: string, value: unknown, allowed: string): Error {
  return new OptionInvalidError(name, show(value), allowed);
}
