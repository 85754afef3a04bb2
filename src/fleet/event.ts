// Everything that can happen to a fleet. Events are facts, in the past tense.
import type { Generation } from './fleet.ts';

/** An error as it travels between processes. */
export interface ErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: string | null;
  /** Its own properties, as plain data. Left out if it has none. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface Heartbeat {
  /** When it came. */
  readonly at: number;
  /** How many connections in use the worker holds. Null: it does not count them. */
  readonly connections: number | null;
}

/** The last heartbeat of each worker, by the worker's id. */
export type Heartbeats = ReadonlyMap<number, Heartbeat>;

export type FleetEvent =
  | { readonly type: 'heartbeats'; readonly heard: Heartbeats }
  | { readonly type: 'worker-ready'; readonly worker: number }
  /** The worker cannot go on: its boot failed, or an error went uncaught. It drains by itself. */
  | { readonly type: 'worker-failing'; readonly worker: number; readonly error: ErrorInfo }
  /** The worker speaks another version of the protocol, so no message can be sent to it. */
  | { readonly type: 'worker-incompatible'; readonly worker: number; readonly error: ErrorInfo }
  /** The worker's channel is closed, but its process lives on: no message can be sent or received. It drains by itself. */
  | { readonly type: 'worker-disconnected'; readonly worker: number }
  /** The worker asked to be replaced. */
  | { readonly type: 'retire-requested'; readonly worker: number }
  /** A debugger may stop the worker from now on. */
  | { readonly type: 'debugger-opened'; readonly worker: number }
  | { readonly type: 'debugger-closed'; readonly worker: number }
  /** The worker was the leader, began to drain, and has stopped what only the leader does. */
  | { readonly type: 'leader-stepped-down'; readonly worker: number }
  /** The worker was draining, its grace was over, and it has cut what was under way. */
  | {
      readonly type: 'connections-cut';
      readonly worker: number;
      readonly requests: number;
      /** Connections that had switched to another protocol. */
      readonly upgraded: number;
    }
  | {
      readonly type: 'worker-exited';
      readonly worker: number;
      readonly code: number | null;
      readonly signal: string | null;
      /** What both mean, in words. Nothing is decided by it. */
      readonly explanation?: string;
    }
  | { readonly type: 'fork-failed'; readonly worker: number; readonly error: ErrorInfo }
  /** The generation has a higher id than all before. */
  | { readonly type: 'restart-requested'; readonly generation: Generation }
  | { readonly type: 'scale-requested'; readonly size: number }
  | { readonly type: 'scale-stepped'; readonly by: 1 | -1 }
  | { readonly type: 'stop-requested'; readonly force: boolean };
