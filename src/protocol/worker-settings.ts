// What a worker is born with. It travels in the environment, so that the worker has it before the first message.
import process from 'node:process';
import type { Endpoint } from '../net/endpoint.ts';

export interface WorkerSettings {
  readonly protocol: number;
  /** The pid of the primary. */
  readonly primary: number;
  readonly slot: number;
  readonly generation: number;
  /** The listening sockets that the worker inherits, and where they are bound. */
  readonly sockets: readonly HeldSocket[];
  /** Of sockets that have none of their own. */
  readonly backlog: number;
  readonly heartbeatMs: number;
  /** True: it counts the connections in use, and tells when their number has changed. */
  readonly shed: boolean;
  /** For a worker that has to leave without an order from the primary. */
  readonly shutdown: { readonly idleMs: number; readonly graceMs: number };
  readonly closeMs: number;
  /**
   * One half of what the keys of TLS session tickets follow from, in base64; the other half comes over the channel. Others of the same
   * user can read an environment (/proc/PID/environ), and an app may log whatever comes over its channel: neither is enough. Missing
   * if the primary is of a release that has no such keys.
   */
  readonly ticketSecret?: string;
  /** What becomes of exit handlers that the app adds. */
  readonly exitHandlers: 'hold' | 'leave';
}

export interface HeldSocket {
  /** Null: node:cluster listens in the primary, and deals the connections out. */
  readonly fd: number | null;
  /** True: workers of other slots do not accept from it. */
  readonly isOfSlot?: boolean;
  readonly endpoint: Endpoint;
  /** Null: as many as the kernel allows. */
  readonly backlog?: number | null;
}

const VARIABLE = 'FASTIFY_CLUSTERED_WORKER';

/** The environment variable that carries them. */
export function settingsVariable(settings: WorkerSettings): Readonly<Record<string, string>> {
  return { [VARIABLE]: JSON.stringify(settings) };
}

/** False: this process is no worker of ours, or it has taken its settings. */
export function hasSettings(): boolean {
  return process.env[VARIABLE] !== undefined;
}

export function readSettings(): WorkerSettings {
  return JSON.parse(process.env[VARIABLE] ?? '{}');
}

/** Reads them, once, and removes the variable: processes that the app starts later must not inherit it. */
export function takeSettings(): WorkerSettings {
  const settings = readSettings();
  delete process.env[VARIABLE];
  return settings;
}
