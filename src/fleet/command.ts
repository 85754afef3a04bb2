// Everything that the fleet can tell the primary to do. Commands are imperatives; announcements are for observers.
import type { ErrorInfo } from './event.ts';
import type { Ending, Generation } from './fleet.ts';
import type { DrainCause, KillCause, Worker } from './worker.ts';

export type Command =
  | {
      readonly type: 'fork';
      readonly worker: number;
      readonly slot: number;
      readonly generation: Generation;
    }
  | {
      readonly type: 'drain';
      readonly worker: number;
      readonly cause: DrainCause;
      /** No other worker goes on accepting, so this one has to empty the accept queue first. */
      readonly final: boolean;
      readonly idleMs: number;
      readonly graceMs: number;
      readonly closeMs: number;
    }
  /** Be the leader until you drain. */
  | { readonly type: 'elect'; readonly worker: number }
  /** Give back so many connections: each is closed with its next response. */
  | { readonly type: 'shed'; readonly worker: number; readonly connections: number }
  /** Serve on, but with readiness off: the service is about to stop. */
  | { readonly type: 'leave'; readonly worker: number }
  | { readonly type: 'kill'; readonly worker: number }
  /** Close the primary's copies of the listening sockets: only the workers hold them from now on. */
  | { readonly type: 'release-sockets' }
  | { readonly type: 'finish'; readonly ending: Ending }
  | { readonly type: 'announce'; readonly announcement: Announcement };

export type AbortReason =
  | 'boot-failed'
  | 'boot-timeout'
  | 'crashed'
  | 'fork-failed'
  | 'incompatible'
  | 'stopping'
  | 'release-not-found'
  | 'env-failed';

/** What an announcement says of a rollout that has ended. */
export interface Rollout {
  /** The id of the generation that was rolled out, and the paths that it is pinned to. */
  readonly generation: number;
  readonly entry: string;
  readonly cwd: string;
  /** In how many slots its workers are the only ready ones: the old worker has exited, or drains. */
  readonly replaced: number;
  readonly tookMs: number;
}

export type Announcement =
  | { readonly type: 'worker-forked'; readonly worker: Worker }
  | { readonly type: 'worker-ready'; readonly worker: Worker; readonly bootMs: number }
  | { readonly type: 'worker-draining'; readonly worker: Worker; readonly cause: DrainCause }
  /** It was draining, its grace was over, and it has cut what was under way. */
  | {
      readonly type: 'connections-cut';
      readonly worker: Worker;
      readonly requests: number;
      readonly upgraded: number;
    }
  /** It was told to give back so many connections, as it held more than its share. */
  | { readonly type: 'connections-shed'; readonly worker: Worker; readonly connections: number }
  | { readonly type: 'worker-killed'; readonly worker: Worker; readonly cause: KillCause }
  | { readonly type: 'worker-failing'; readonly worker: Worker; readonly error: ErrorInfo }
  | { readonly type: 'worker-disconnected'; readonly worker: Worker }
  | {
      readonly type: 'worker-exited';
      /** As it was known just before. */
      readonly worker: Worker;
      readonly code: number | null;
      readonly signal: string | null;
      /** False: the worker had not been told to stop, so this is a crash. */
      readonly expected: boolean;
      /** What code and signal mean, in words. Null: nobody said. */
      readonly explanation: string | null;
    }
  | { readonly type: 'fork-failed'; readonly worker: Worker; readonly error: ErrorInfo }
  | { readonly type: 'leader-elected'; readonly worker: Worker }
  /** It has stopped what only the leader does. Of a leader whose process ends before that, the exit is announced. */
  | { readonly type: 'leader-stepped-down'; readonly worker: Worker }
  | {
      readonly type: 'respawn-delayed';
      readonly slot: number;
      /** Of the worker that failed. */
      readonly generation: number;
      readonly earlyExits: number;
      readonly delayMs: number;
      /** True: respawn.maxEarlyExits is reached, this is the slowest pace. */
      readonly slowest: boolean;
    }
  | {
      readonly type: 'fleet-ready';
      readonly size: number;
      /**
       * The target if a worker of it is ready, else the stable generation, and the paths that it is pinned to. Ready workers
       * may be of neither: their rollout was superseded or aborted before it was complete.
       */
      readonly generation: number;
      readonly entry: string;
      readonly cwd: string;
    }
  | { readonly type: 'size-changed'; readonly from: number; readonly to: number }
  | { readonly type: 'rollout-started'; readonly from: Generation; readonly to: Generation }
  | ({ readonly type: 'rollout-completed' } & Rollout)
  | ({
      readonly type: 'rollout-aborted';
      readonly reason: AbortReason;
      /** The worker that failed. Null: the rollout was aborted for a stop. */
      readonly worker: Worker | null;
      readonly error: ErrorInfo | null;
      /** The generation that is the target again. */
      readonly backTo: Generation;
    } & Rollout)
  | { readonly type: 'rollout-superseded'; readonly generation: number; readonly by: number }
  | { readonly type: 'fleet-leaving'; readonly delayMs: number }
  | { readonly type: 'fleet-stopping'; readonly ending: Ending };
