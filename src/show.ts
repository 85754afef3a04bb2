// Any value in a few words. Whatever the value is, this never throws, and what it gives is bounded.
import { inspect } from 'node:util';
import { attempt } from './attempt.ts';

/** So many characters of a value are shown, if nobody asks for another number. */
const MOST_SHOWN = 1_024;

/** An object with more properties than that is only named: to print them all could take seconds. */
const MOST_PROPERTIES = 1_000;

/** As Node would print it, without what is nested in it; otherwise, if that throws, as the caller would. */
export function show(
  value: unknown,
  most = MOST_SHOWN,
  otherwise = (): string => `[${typeof value} that cannot be shown]`,
): string {
  const shown = attempt(() =>
    inspect(value, {
      depth: isWide(value) ? -1 : 0,
      maxArrayLength: 10,
      maxStringLength: most,
      breakLength: 120,
    }),
  );
  return cut(shown ?? otherwise(), most);
}

/** Says how much is missing. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}... ${text.length - most} more characters`;
}

/** Of an array only the first elements are printed anyway; a proxy may refuse to say. */
function isWide(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return attempt(() => !Array.isArray(value) && Object.keys(value).length > MOST_PROPERTIES) ?? false;
}
