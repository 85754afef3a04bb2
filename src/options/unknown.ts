// Refuses options that do not exist, and says where one belongs that only stands in the wrong place.
import { OptionUnknownError } from '../errors.ts';
import { isObject } from './checks.ts';
import type { Checks } from './checks.ts';

const LIST = new Intl.ListFormat('en');

/** @throws FST_CLUSTERED_OPTION_UNKNOWN */
export function refuseUnknown(options: unknown, all: Checks): void {
  refuse(options, all, '', all);
}

function refuse(given: unknown, known: Checks, prefix: string, all: Checks): void {
  if (Array.isArray(given)) {
    const path = prefix.slice(0, -'.'.length);
    for (const [index, each] of given.entries()) refuse(each, known, `${path}[${index}].`, all);
  }
  if (!isObject(given)) return;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(known, key)) throw unknown(`${prefix}${key}`, key, known, all);
    const nested = known[key]?.checks;
    if (nested !== undefined) refuse(Reflect.get(given, key), nested, `${prefix}${key}.`, all);
  }
}

function unknown(path: string, key: string, known: Checks, all: Checks): Error {
  const places = placesOf(key, all, '');
  const hint = places.length === 0 ? '' : `, but ${LIST.format(places)}`;
  return new OptionUnknownError(path, hint, Object.keys(known).join(', '));
}

function placesOf(key: string, checks: Checks, prefix: string): readonly string[] {
  return Object.entries(checks).flatMap(([name, { checks: nested = {} }]) => [
    ...(name === key ? [`${prefix}${name}`] : []),
    ...placesOf(key, nested, `${prefix}${name}.`),
  ]);
}
