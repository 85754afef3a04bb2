// Prints an error with its causes, as util.inspect does, but bounded, and without the values of other properties: in a text
// no logger could redact them. They travel beside it: see error-properties.ts.
import { inspect } from 'node:util';
import { attempt } from '../attempt.ts';
import { cut, show } from '../show.ts';
import { MAX_MESSAGE, MAX_NAME, fieldOf, isError, messageOf, nameOf } from './error-fields.ts';
import { placeOf } from './syntax-place.ts';

/** In characters. What is longer is cut, and says by how much. */
export const MAX_STACK = 16_384;

/** How many errors are printed of one that has causes or is an AggregateError. */
const MAX_ERRORS = 16;

export function printError(error: Error): string {
  return cut(print(error, new Set()), MAX_STACK);
}

/** By `[util.inspect.custom]` its class says what is shown of it. */
export function decidesItself(error: object): boolean {
  return typeof fieldOf(error, inspect.custom) === 'function';
}

function print(error: object, printed: Set<object>): string {
  if (printed.has(error)) return `[${nameOf(error)}, see above]`;
  if (printed.size >= MAX_ERRORS) return '[and more errors]';
  printed.add(error);
  if (decidesItself(error)) {
    return show(error, MAX_STACK, () => stackOf(error));
  }
  const parts = [...causes(error, printed), ...aggregated(error, printed)];
  const head = stackOf(error);
  return parts.length === 0 ? head : `${head} {\n${indent(parts.join(',\n'))}\n}`;
}

/** A message that is too long is cut, and the frames behind it stay. */
function stackOf(error: object): string {
  const stack = fieldOf(error, 'stack');
  const name = nameOf(error);
  if (typeof stack !== 'string' || stack === '') return `${name}: ${messageOf(error)}`;
  const frames = stack.indexOf('\n    at ');
  const title = cut(frames === -1 ? stack : stack.slice(0, frames), MAX_MESSAGE);
  // The stack is written while the error is constructed: a class may set its name only after that.
  const named =
    title.startsWith('Error') && !title.includes(name) ? name + title.slice('Error'.length) : title;
  const place = placeOf(error, stack);
  const head = place === undefined ? named : `${place}\n${named}`;
  return frames === -1 ? head : head + cut(stack.slice(frames), MAX_MESSAGE);
}

function causes(error: object, printed: Set<object>): readonly string[] {
  const has = attempt(() => 'cause' in error) === true;
  return has ? [`[cause]: ${printPart(fieldOf(error, 'cause'), printed)}`] : [];
}

/** The errors of an AggregateError. */
function aggregated(error: object, printed: Set<object>): readonly string[] {
  const errors = fieldOf(error, 'errors');
  const list = attempt(() => (Array.isArray(errors) ? errors.slice(0, MAX_ERRORS) : undefined));
  if (list === undefined) return [];
  const missing = attempt(() => Object(errors).length - list.length) ?? 0;
  const shown = list.map((one) => printPart(one, printed));
  const all = missing > 0 ? [...shown, `... ${missing} more`] : shown;
  return [`[errors]: [\n${indent(all.join(',\n'))}\n]`];
}

/** Of what is no error only primitive values are shown: an object may have anything in it. */
function printPart(value: unknown, printed: Set<object>): string {
  if (isError(value)) return print(value, printed);
  return typeof value === 'object' && value !== null ? show(value, MAX_NAME, undefined, -1) : show(value);
}

function indent(text: string): string {
  return `  ${text.replaceAll('\n', '\n  ')}`;
}
