// Everything that can happen to a fleet. Events are facts, in the past tense.
import type { Generation } from './fleet.ts';

/** An error as it travels between processes. */
export interface ErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: string | null;
}

/** When the last heartbeat of each worker came, by the worker's id. */
export type Heartbeats = ReadonlyMap<number, number>;

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
  /** The worker was the leader, began to drain, and has stopped what only the leader does. */
  | { readonly type: 'leader-stepped-down'; readonly worker: number }
  | {
      readonly type: 'worker-exited';
      readonly worker: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | { readonly type: 'fork-failed'; readonly worker: number; readonly error: ErrorInfo }
  /** The generation has a higher id than all before. */
  | { readonly type: 'restart-requested'; readonly generation: Generation }
  | { readonly type: 'scale-requested'; readonly size: number }
  | { readonly type: 'scale-stepped'; readonly by: 1 | -1 }
  | { readonly type: 'stop-requested'; readonly force: boolean };
