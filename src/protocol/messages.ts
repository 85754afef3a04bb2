// Every message between primary and worker, as two unions, their parsers, and the protocol's version.
import { parseErrorInfo } from './error-info.ts';
import type { ErrorInfo } from '../fleet/event.ts';
import type { DrainCause } from '../fleet/worker.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { FleetStatus, RolloutOutcome } from '../status.ts';

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
  | { readonly type: 'retire' }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question };

/** What a worker can ask, and what it is answered. */
export interface Answers {
  readonly status: FleetStatus;
  readonly restart: RolloutOutcome<ErrorInfo>;
}

export type Question = keyof Answers;

export type PrimaryMessage =
  /** The answer to hello. Who has not got it can be killed at any time, and nothing is lost. */
  | { readonly type: 'acknowledged' }
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
  /** The pid of the primary. */
  readonly primary: number;
  readonly slot: number;
  readonly generation: number;
  /** The listening sockets it inherited, and where they are bound. */
  readonly sockets: readonly HeldSocket[];
  readonly backlog: number;
  readonly heartbeatMs: number;
  /** False: it has no logger, so what fails is to be told by the worker itself. */
  readonly primaryLogs: boolean;
  /** For a worker that has to leave without being told how. */
  readonly shutdown: { readonly idleMs: number; readonly graceMs: number };
  readonly closeMs: number;
}

export interface HeldSocket {
  readonly fd: number;
  readonly endpoint: Endpoint;
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
    case 'retire':
      return { type: message['type'] };
    case 'hello':
      return isNumber(message['protocol']) ? { type: 'hello', protocol: message['protocol'] } : undefined;
    case 'failing':
      return { type: 'failing', error: parseErrorInfo(message['error']) };
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
    case 'acknowledged':
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

function unwrap(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) && isRecord(value[ENVELOPE]) ? value[ENVELOPE] : undefined;
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
