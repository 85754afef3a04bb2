// An error as data: to another process, to a log or to stderr. Whatever was thrown, its data is bounded, and making it
// never throws: often no code is left that could catch that.
import type { ErrorInfo } from '../fleet/event.ts';
import { cut, show } from '../show.ts';
import { MAX_MESSAGE, MAX_NAME, codeOf, isError, messageOf, nameOf } from './error-fields.ts';
import { propertiesOf } from './error-properties.ts';
import type { Properties } from './error-properties.ts';
import { MAX_STACK, decidesItself, printError } from './print-error.ts';

export type { ErrorInfo };

/** The stack holds what Node would print of the error, so all its causes, too, but not its properties. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  if (!isError(thrown)) return { name: 'Error', message: show(thrown, MAX_MESSAGE), stack: null, code: null };
  return {
    name: nameOf(thrown),
    message: messageOf(thrown),
    stack: printError(thrown),
    code: codeOf(thrown),
    ...withProperties(decidesItself(thrown) ? undefined : propertiesOf(thrown)),
  };
}

function withProperties(properties: Properties | undefined): Pick<ErrorInfo, 'properties'> {
  return properties === undefined ? {} : { properties };
}

/** Reads an error that another process sent. It accepts any value: that something failed must never be lost. */
export function parseErrorInfo(value: unknown): ErrorInfo {
  const given: Readonly<Record<string, unknown>> = Object(value);
  const { name, message, stack, code, properties } = given;
  if (typeof message !== 'string') {
    return {
      name: 'Error',
      message: `the worker sent an error that cannot be read: ${show(value)}`,
      stack: null,
      code: null,
    };
  }
  return {
    name: typeof name === 'string' ? cut(name, MAX_NAME) : 'Error',
    message: cut(message, MAX_MESSAGE),
    stack: typeof stack === 'string' ? cut(stack, MAX_STACK) : null,
    code: typeof code === 'string' ? cut(code, MAX_NAME) : null,
    ...withProperties(isObject(properties) ? propertiesOf(properties) : undefined),
  };
}

/** Name, message, code, stack and own properties are those of the process in which it was thrown. */
export function fromErrorInfo({ name, message, stack, code, properties }: ErrorInfo): Error {
  const Native = NATIVE_ERRORS.find((native) => native.name === name);
  const error = new (Native ?? Error)(message);
  if (Native === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true });
  error.stack = stack ?? `${name}: ${message}`;
  return Object.assign(error, code === null ? {} : { code }, properties);
}

/** The error without its properties, for what is shown to anybody, such as the status. */
export function withoutProperties({ name, message, stack, code }: ErrorInfo): ErrorInfo {
  return { name, message, stack, code };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const NATIVE_ERRORS = [Error, TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError];

/** A bounded copy. To read it runs none of the app's code. */
export function toPlainError(thrown: unknown): Error {
  return fromErrorInfo(toErrorInfo(thrown));
}
