// The own properties of an error as bounded, plain data. They are kept apart from its stack, which is text: so a logger can
// redact them by their path, such as `err.config.headers.authorization`.
import { types } from 'node:util';
import { attempt } from '../attempt.ts';
import { cut } from '../show.ts';

export type Properties = Readonly<Record<string, unknown>>;

/** How deep it goes, how many properties or elements of each object count, and how many values there are at all. */
const MAX_DEPTH = 4;
const MAX_PROPERTIES = 16;
const MAX_VALUES = 256;

/** In characters. What is longer is cut, and says by how much. */
const MAX_STRING = 1_024;
const MAX_KEY = 256;
const MAX_CHARACTERS = 16_384;

/** Those that an error has as fields; and `__proto__`, which would be no property where it is assigned. */
const ELSEWHERE = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors', '__proto__']);

interface Budget {
  values: number;
  characters: number;
}

/** Undefined: it has none. No getter runs, and nothing here throws. */
export function propertiesOf(error: object): Properties | undefined {
  const budget = { values: MAX_VALUES, characters: MAX_CHARACTERS };
  const copied = copyObject(error, MAX_DEPTH, budget, ELSEWHERE);
  return Object.keys(copied).length === 0 ? undefined : copied;
}

function copyObject(
  source: object,
  depth: number,
  budget: Budget,
  except: ReadonlySet<string> = new Set(['__proto__']),
): Properties {
  const keys = (attempt(() => Object.keys(source)) ?? []).filter((key) => !except.has(key));
  const entries = keys.slice(0, MAX_PROPERTIES).flatMap((key): readonly (readonly [string, unknown])[] => {
    const property = attempt(() => Object.getOwnPropertyDescriptor(source, key));
    const value = property?.get === undefined ? copy(property?.value, depth - 1, budget) : '[Getter]';
    return value === undefined ? [] : [[spend(key, MAX_KEY, budget), value]];
  });
  const missing = keys.length - MAX_PROPERTIES;
  return Object.fromEntries(missing > 0 ? [...entries, ['...', `${missing} more properties`]] : entries);
}

function copy(value: unknown, depth: number, budget: Budget): unknown {
  budget.values -= 1;
  if (budget.values < 0 || budget.characters < 0) return undefined;
  switch (typeof value) {
    case 'string':
      return spend(value, MAX_STRING, budget);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return spend(`${value}n`, MAX_STRING, budget);
    case 'symbol':
    case 'function':
    case 'undefined':
      return undefined;
    case 'object':
      return value === null ? null : copyDeep(value, depth, budget);
  }
}

function copyDeep(value: object, depth: number, budget: Budget): unknown {
  if (types.isProxy(value)) return '[Proxy]';
  if (types.isDate(value)) return attempt(() => value.toISOString()) ?? 'Invalid Date';
  if (Array.isArray(value)) {
    if (depth <= 0) return '[Array]';
    const elements = value
      .slice(0, MAX_PROPERTIES)
      .map((element) => copy(element, depth - 1, budget) ?? null);
    const missing = value.length - elements.length;
    return missing > 0 ? [...elements, `... ${missing} more`] : elements;
  }
  // Sockets, buffers, requests: what they consist of tells nobody anything.
  return depth > 0 && isPlain(value) ? copyObject(value, depth, budget) : `[${classOf(value)}]`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Reflect.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || classOf(value) === 'Object';
}

function classOf(value: object): string {
  const name: unknown = attempt(() => Reflect.get(Object(Reflect.get(value, 'constructor')), 'name'));
  return typeof name === 'string' && name !== '' ? cut(name, MAX_KEY) : 'Object';
}

function spend(text: string, max: number, budget: Budget): string {
  const kept = cut(text, max);
  budget.characters -= kept.length;
  return kept;
}
