// An error on its way to another process, to a log or to stderr. Whatever was thrown, what is told of it is bounded, and
// telling it never throws: there may be nobody left who could catch that.
import { inspect, types } from 'node:util';
import type { ErrorInfo } from '../fleet/event.ts';
import { attempt } from '../attempt.ts';
import { cut, show } from '../show.ts';

export type { ErrorInfo };

/** In characters. What is longer is cut, and says by how much. */
export const MOST_MESSAGE = 4_096;
export const MOST_STACK = 16_384;
const MOST_NAME = 256;

/** So many errors are printed of one that has causes, or is made of others, and so many properties of each. */
const MOST_ERRORS = 16;
const MOST_PROPERTIES = 16;

/** The stack is what Node prints of it, so with all its causes. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  if (!isError(thrown))
    return { name: 'Error', message: show(thrown, MOST_MESSAGE), stack: null, code: null };
  return {
    name: nameOf(thrown),
    message: messageOf(thrown),
    stack: cut(print(thrown, new Set()), MOST_STACK),
    code: codeOf(thrown),
  };
}

/** That something failed is never to be lost, whoever sent it and however it says so. */
export function parseErrorInfo(value: unknown): ErrorInfo {
  const given: Readonly<Record<string, unknown>> = Object(value);
  const { name, message, stack, code } = given;
  if (typeof message !== 'string') {
    const told = `an error that cannot be read came from the worker: ${show(value)}`;
    return { name: 'Error', message: told, stack: null, code: null };
  }
  return {
    name: typeof name === 'string' ? cut(name, MOST_NAME) : 'Error',
    message: cut(message, MOST_MESSAGE),
    stack: typeof stack === 'string' ? cut(stack, MOST_STACK) : null,
    code: typeof code === 'string' ? cut(code, MOST_NAME) : null,
  };
}

/** An error that came from another process: its name, message, code and stack are the sender's. */
export function fromErrorInfo({ name, message, stack, code }: ErrorInfo): Error {
  const Native = NATIVE_ERRORS.find((native) => native.name === name);
  const error = new (Native ?? Error)(message);
  if (Native === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true });
  error.stack = stack ?? `${name}: ${message}`;
  return code === null ? error : Object.assign(error, { code });
}

/** Of whatever realm. */
export function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown) || attempt(() => thrown instanceof Error) === true;
}

/** A copy that nobody can be hurt by. */
export function toPlainError(thrown: unknown): Error {
  return fromErrorInfo(toErrorInfo(thrown));
}

const NATIVE_ERRORS = [Error, TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError];

function read(error: object, key: PropertyKey): unknown {
  return attempt(() => Reflect.get(error, key));
}

function nameOf(error: object): string {
  const name = read(error, 'name');
  return typeof name === 'string' && name !== '' ? cut(name, MOST_NAME) : 'Error';
}

function messageOf(error: object): string {
  const message = read(error, 'message');
  if (typeof message === 'string') return cut(message, MOST_MESSAGE);
  return message === undefined ? '' : show(message, MOST_MESSAGE);
}

function codeOf(error: object): string | null {
  const code = read(error, 'code');
  if (code === undefined || code === null) return null;
  return typeof code === 'string' ? cut(code, MOST_NAME) : show(code, MOST_NAME);
}

/** As util.inspect would, which has no bounds for stacks, causes and the number of properties. */
function print(error: object, printed: Set<object>): string {
  if (printed.has(error)) return `[${nameOf(error)}, see above]`;
  if (printed.size >= MOST_ERRORS) return '[and more errors]';
  printed.add(error);
  // It says itself what may be shown of it.
  if (typeof read(error, inspect.custom) === 'function') {
    return show(error, MOST_STACK, () => stackOf(error));
  }
  const parts = [...properties(error, printed), ...causes(error, printed), ...aggregated(error, printed)];
  const head = stackOf(error);
  return parts.length === 0 ? head : `${head} {\n${indent(parts.join(',\n'))}\n}`;
}

/** A message that is too long is cut, and the frames behind it stay. */
function stackOf(error: object): string {
  const stack = read(error, 'stack');
  const name = nameOf(error);
  if (typeof stack !== 'string' || stack === '') return `${name}: ${messageOf(error)}`;
  const frames = stack.indexOf('\n    at ');
  const title = cut(frames === -1 ? stack : stack.slice(0, frames), MOST_MESSAGE);
  // A stack is written when its error is made: by then a class may not have given it its name.
  const named =
    title.startsWith('Error') && !title.includes(name) ? name + title.slice('Error'.length) : title;
  return frames === -1 ? named : named + cut(stack.slice(frames), MOST_MESSAGE);
}

const TOLD_ELSEWHERE = new Set(['name', 'message', 'stack', 'cause', 'errors']);

function properties(error: object, printed: Set<object>): readonly string[] {
  const keys = (attempt(() => Object.keys(error)) ?? []).filter((key) => !TOLD_ELSEWHERE.has(key));
  const shown = keys.slice(0, MOST_PROPERTIES).map((key) => {
    const property = attempt(() => Object.getOwnPropertyDescriptor(error, key));
    const value = property?.get === undefined ? printPart(property?.value, printed) : '[Getter]';
    return `${cut(key, MOST_NAME)}: ${value}`;
  });
  return keys.length > shown.length ? [...shown, `... ${keys.length - shown.length} more properties`] : shown;
}

function causes(error: object, printed: Set<object>): readonly string[] {
  const has = attempt(() => 'cause' in error) === true;
  return has ? [`[cause]: ${printPart(read(error, 'cause'), printed)}`] : [];
}

/** Of an AggregateError. */
function aggregated(error: object, printed: Set<object>): readonly string[] {
  const errors = read(error, 'errors');
  const list = attempt(() => (Array.isArray(errors) ? errors.slice(0, MOST_ERRORS) : undefined));
  if (list === undefined) return [];
  const length = attempt(() => Object(errors).length - list.length) ?? 0;
  const shown = list.map((one) => printPart(one, printed));
  const all = length > 0 ? [...shown, `... ${length} more`] : shown;
  return [`[errors]: [\n${indent(all.join(',\n'))}\n]`];
}

function printPart(value: unknown, printed: Set<object>): string {
  return isError(value) ? print(value, printed) : show(value);
}

function indent(text: string): string {
  return `  ${text.replaceAll('\n', '\n  ')}`;
}
