// Prints an error with its properties and causes, as util.inspect does, but bounded: util.inspect has no bounds for
// stacks, causes and the number of properties.
import { inspect } from 'node:util';
import { attempt } from '../attempt.ts';
import { cut, show } from '../show.ts';
import { MAX_MESSAGE, MAX_NAME, fieldOf, isError, messageOf, nameOf } from './error-fields.ts';

/** In characters. What is longer is cut, and says by how much. */
export const MAX_STACK = 16_384;

/** How many errors are printed of one that has causes or is an AggregateError, and how many properties of each. */
const MAX_ERRORS = 16;
const MAX_PROPERTIES = 16;

export function printError(error: Error): string {
  return cut(print(error, new Set()), MAX_STACK);
}

function print(error: object, printed: Set<object>): string {
  if (printed.has(error)) return `[${nameOf(error)}, see above]`;
  if (printed.size >= MAX_ERRORS) return '[and more errors]';
  printed.add(error);
  // It decides itself what is shown of it.
  if (typeof fieldOf(error, inspect.custom) === 'function') {
    return show(error, MAX_STACK, () => stackOf(error));
  }
  const parts = [...properties(error, printed), ...causes(error, printed), ...aggregated(error, printed)];
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
  return frames === -1 ? named : named + cut(stack.slice(frames), MAX_MESSAGE);
}

const PRINTED_ELSEWHERE = new Set(['name', 'message', 'stack', 'cause', 'errors']);

function properties(error: object, printed: Set<object>): readonly string[] {
  const keys = (attempt(() => Object.keys(error)) ?? []).filter((key) => !PRINTED_ELSEWHERE.has(key));
  const shown = keys.slice(0, MAX_PROPERTIES).map((key) => {
    const property = attempt(() => Object.getOwnPropertyDescriptor(error, key));
    const value = property?.get === undefined ? printPart(property?.value, printed) : '[Getter]';
    return `${cut(key, MAX_NAME)}: ${value}`;
  });
  return keys.length > shown.length ? [...shown, `... ${keys.length - shown.length} more properties`] : shown;
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

function printPart(value: unknown, printed: Set<object>): string {
  return isError(value) ? print(value, printed) : show(value);
}

function indent(text: string): string {
  return `  ${text.replaceAll('\n', '\n  ')}`;
}
