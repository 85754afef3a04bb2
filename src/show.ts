// Any value in a few words. Whatever the value is, this never throws, and the text is bounded.
import { inspect } from 'node:util';
import { attempt } from './attempt.ts';

/** In characters. */
const MAX_SHOWN = 1_024;

/** An object with more properties is only named: to print them all could take seconds. */
const MAX_PROPERTIES = 1_000;

/** As Node prints it, but without nested values (`depth` -1: only named); if that throws, what `fallback` returns. */
export function show(
  value: unknown,
  max = MAX_SHOWN,
  fallback = (): string => `[${typeof value} that cannot be shown]`,
  depth = 0,
): string {
  const shown = attempt(() =>
    inspect(value, {
      depth: isWide(value) ? -1 : depth,
      maxArrayLength: 10,
      maxStringLength: max,
      breakLength: 120,
    }),
  );
  return cut(shown ?? fallback(), max);
}

/** What is too long says how much is missing. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}... ${text.length - max} more characters`;
}

/** Of an array only the first elements are printed anyway. A proxy may throw. */
function isWide(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return attempt(() => !Array.isArray(value) && Object.keys(value).length > MAX_PROPERTIES) ?? false;
}
