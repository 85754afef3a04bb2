// Every message between primary and worker, as two unions, their parsers, and the protocol's version.
import { inspect } from 'node:util';
import type { ErrorInfo } from './fleet/event.ts';
import type { DrainCause } from './fleet/worker.ts';
import type { FleetStatus, RolloutOutcome } from './status.ts';

/**
 * Raised when an older primary could no longer work with a newer worker. A rollout to a release with another
 * version is aborted, and the service has to be restarted as a whole.
 */
export const PROTOCOL = 1;

/** Tells our messages from the app's own, which travel over the same channel. */
const ENVELOPE = 'fastify-clustered';

export type WorkerMessage =
  /** The first one: from now on the worker hears what it is told. It serves nobody before it is welcome. */
  | { readonly type: 'hello'; readonly protocol: number }
  | { readonly type: 'ready' }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'failing'; readonly error: ErrorInfo }
  | { readonly type: 'tired' }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question };

/** What a worker can ask, and what it is answered. */
export interface Answers {
  readonly status: FleetStatus;
  readonly restart: RolloutOutcome<ErrorInfo>;
}

export type Question = keyof Answers;

export type PrimaryMessage =
  /** The answer to hello. Who has not got it can be killed at any time, and nothing is lost. */
  | { readonly type: 'welcome' }
  | {
      readonly type: 'drain';
      readonly cause: DrainCause;
      readonly final: boolean;
      readonly idleMs: number;
      readonly graceMs: number;
      readonly closeMs: number;
    }
  | { readonly type: 'leave' }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown };

/** What a worker is born with: it travels in its environment, so that it is there before the first message. */
export interface WorkerSettings {
  readonly protocol: number;
  readonly slot: number;
  readonly generation: number;
  /** The listening sockets it inherited, and where they are bound. */
  readonly sockets: readonly HeldSocket[];
  readonly backlog: number;
  readonly heartbeatMs: number;
  /** For a worker that has to leave without being told how. */
  readonly shutdown: { readonly idleMs: number; readonly graceMs: number };
  readonly closeMs: number;
}

export interface HeldSocket {
  readonly fd: number;
  readonly host: string;
  readonly port: number;
}

/** The environment variable that carries {@link WorkerSettings}. */
export const SETTINGS_VARIABLE = 'FASTIFY_CLUSTERED_WORKER';

export function wrap(message: WorkerMessage | PrimaryMessage): Record<string, unknown> {
  return { [ENVELOPE]: message };
}

/** Undefined: it is not one of ours, or it is broken; either way it is not for us to act on. */
export function parseWorkerMessage(value: unknown): WorkerMessage | undefined {
  const message = unwrap(value);
  switch (message?.['type']) {
    case 'ready':
    case 'heartbeat':
    case 'tired':
      return { type: message['type'] };
    case 'hello':
      return isNumber(message['protocol']) ? { type: 'hello', protocol: message['protocol'] } : undefined;
    case 'failing': {
      const error = parseErrorInfo(message['error']);
      return error && { type: 'failing', error };
    }
    case 'ask': {
      const { id, question } = message;
      const known = question === 'status' || question === 'restart';
      return isNumber(id) && known ? { type: 'ask', id, question } : undefined;
    }
    default:
      return undefined;
  }
}

/** Undefined: it is not one of ours, or it is broken. */
export function parsePrimaryMessage(value: unknown): PrimaryMessage | undefined {
  const message = unwrap(value);
  switch (message?.['type']) {
    case 'welcome':
    case 'leave':
      return { type: message['type'] };
    case 'drain': {
      const { cause, final, idleMs, graceMs, closeMs } = message;
      const sound = isNumber(idleMs) && isNumber(graceMs) && isNumber(closeMs) && typeof final === 'boolean';
      return sound && isDrainCause(cause)
        ? { type: 'drain', cause, final, idleMs, graceMs, closeMs }
        : undefined;
    }
    case 'answer':
      return isNumber(message['id'])
        ? { type: 'answer', id: message['id'], value: message['value'] }
        : undefined;
    default:
      return undefined;
  }
}

/** An error on its way to another process. The stack is what Node prints of it, so with all its causes. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  const stack = inspect(thrown);
  if (!(thrown instanceof Error)) return { name: 'Error', message: stack, stack: null, code: null };
  const code = 'code' in thrown ? String(thrown.code) : null;
  return { name: thrown.name, message: thrown.message, stack, code };
}

/** An error that came from another process: its name, message, code and stack are the sender's. */
export function fromErrorInfo({ name, message, stack, code }: ErrorInfo): Error {
  const Native = NATIVE_ERRORS.find((native) => native.name === name);
  const error = new (Native ?? Error)(message);
  if (Native === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true });
  error.stack = stack ?? `${name}: ${message}`;
  return code === null ? error : Object.assign(error, { code });
}

const NATIVE_ERRORS = [Error, TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError];

function unwrap(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) && isRecord(value[ENVELOPE]) ? value[ENVELOPE] : undefined;
}

function parseErrorInfo(value: unknown): ErrorInfo | undefined {
  if (!isRecord(value)) return undefined;
  const { name, message, stack, code } = value;
  if (typeof name !== 'string' || typeof message !== 'string') return undefined;
  return {
    name,
    message,
    stack: typeof stack === 'string' ? stack : null,
    code: typeof code === 'string' ? code : null,
  };
}

const DRAIN_CAUSES: readonly DrainCause[] = [
  'rollout',
  'recycle',
  'scale',
  'cancelled',
  'failing',
  'shutdown',
];

function isDrainCause(value: unknown): value is DrainCause {
  return DRAIN_CAUSES.some((cause) => cause === value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
