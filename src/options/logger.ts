// Section: what the primary logs with.
import type { LoggerOptions } from 'pino';
import { invalid, isObject, withDefault } from './checks.ts';

export interface LogOptions {
  /**
   * What the primary logs with: `true` for pino with its defaults, on stdout; `false` for nothing; options for pino; or a
   * logger that has `child()`. The workers' apps log by themselves.
   *
   * On a terminal the lines are for people, else JSON. Pino writes to stdout asynchronously: it never waits for the reader, and drops what finds no room in 1 MiB. A logger
   * that is passed, or a `transport` of pino's, may throw, reject, or fail later: that harms nothing. But it must not
   * block: while it does, the primary supervises no worker.
   * @default true
   */
  logger?: boolean | LoggerOptions | ClusteredLogger | undefined;
}

/** The part of a pino-like logger that the primary uses. */
export interface ClusteredLogger {
  child(bindings: Record<string, unknown>): ClusteredLogger;
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

const LOGGER_METHODS = ['child', 'debug', 'info', 'warn', 'error'];

export const checkLogger = withDefault<NonNullable<LogOptions['logger']>>(
  () => true,
  (value, name) => {
    if (typeof value === 'boolean') return value;
    if (isObject(value) && (isLogger(value) || !looksLikeLogger(value))) return value;
    throw invalid(name, value, `a boolean, options for pino, or a logger with ${LOGGER_METHODS.join(', ')}`);
  },
);

function isLogger(value: object): value is ClusteredLogger {
  return LOGGER_METHODS.every((method) => typeof Reflect.get(value, method) === 'function');
}

/** It cannot be options for pino, which have neither. */
function looksLikeLogger(value: object): boolean {
  return 'child' in value || 'info' in value;
}
