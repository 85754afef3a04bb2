// Everything that can happen to a fleet. Events are facts, in the past tense.

/** An error as it travels between processes. */
export interface ErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: string | null;
}

/** By the id of the worker, in awake time. */
export type SignsOfLife = ReadonlyMap<number, number>;

export type FleetEvent =
  /** With whom was heard since it last passed, and when the latest sign of life of each was read. */
  | { readonly type: 'time-passed'; readonly heard: SignsOfLife }
  | { readonly type: 'worker-ready'; readonly worker: number }
  /** It cannot go on: its boot failed, or an error went uncaught. It drains by itself. */
  | { readonly type: 'worker-failing'; readonly worker: number; readonly error: ErrorInfo }
  /** It speaks another version of the protocol, so it can be told nothing. */
  | { readonly type: 'worker-incompatible'; readonly worker: number; readonly error: ErrorInfo }
  /** Its channel is closed, and it lives on: it can neither be told anything, nor say anything. It drains by itself. */
  | { readonly type: 'worker-disconnected'; readonly worker: number }
  /** It asks to be replaced. */
  | { readonly type: 'retire-requested'; readonly worker: number }
  | {
      readonly type: 'worker-exited';
      readonly worker: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | { readonly type: 'fork-failed'; readonly worker: number; readonly error: ErrorInfo }
  | { readonly type: 'restart-requested'; readonly entry: string; readonly cwd: string }
  | { readonly type: 'scale-requested'; readonly size: number }
  | { readonly type: 'scale-stepped'; readonly by: 1 | -1 }
  | { readonly type: 'stop-requested'; readonly force: boolean };
