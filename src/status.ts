// The status of the fleet, and the results of rollouts: returned to the embedder, and sent to workers over IPC.
import type { AbortReason } from './fleet/command.ts';
import type { ErrorInfo } from './fleet/event.ts';
import type { Generation, Phase } from './fleet/fleet.ts';
import type { Worker } from './fleet/worker.ts';
import type { Address } from './net/endpoint.ts';
import type { Balance } from './options/index.ts';

/** A snapshot of the fleet: plain data, to be printed or sent. */
export interface FleetStatus {
  /** Of the primary. */
  readonly pid: number;
  readonly phase: Phase['name'];
  /** How many workers the fleet has when it is complete. */
  readonly size: number;
  /** The release that every worker runs once the rollout that is under way is complete. */
  readonly target: Generation;
  /** The release of the last completed rollout, which an abort goes back to. Same as `target` unless a rollout is under way. */
  readonly stable: Generation;
  /** True while a rollout is under way. */
  readonly rolling: boolean;
  /** True when ready workers run several generations and no rollout is under way: the last one was aborted halfway. */
  readonly mixed: boolean;
  readonly addresses: readonly Address[];
  /** How new connections are spread over the workers. Null: there are none. */
  readonly balance: Balance | null;
  /** What the machine, or the container, gives the service. Null: without workers nothing depends on it. */
  readonly resources: ResourcesStatus | null;
  readonly workers: readonly WorkerStatus[];
  /** Null: no rollout has ended yet. */
  readonly lastRollout: RolloutOutcome<ErrorInfo> | null;
}

/** What was found of CPUs and memory when the service was started, and what follows from it. */
export interface ResourcesStatus {
  /** How many CPUs the kernel may run the service on: its affinity. */
  readonly cpus: FoundResource;
  /** How much CPU time it may use, in CPUs: 1.5 is one and a half. Null: no quota. */
  readonly cpuQuota: FoundResource | null;
  /** How much memory it may use, in bytes. Null: no limit below what the machine has. */
  readonly memory: FoundResource | null;
  /** How many workers there is room for: what `workers: 'auto'` means where WEB_CONCURRENCY is not set. */
  readonly capacity: number;
  /**
   * The limit of the heap of a worker that is forked now, in MiB. Null: Node's own default counts, since memory is not limited, or
   * what `execArgv` or NODE_OPTIONS say.
   */
  readonly heapMb: number | null;
}

/** What was found, and the file that says so. */
export interface FoundResource {
  readonly value: number;
  readonly file: string;
}

export interface WorkerStatus {
  readonly slot: number;
  /** Null: the process could not be created. */
  readonly pid: number | null;
  readonly state: Worker['state'];
  /** The id of the generation that it runs. */
  readonly generation: number;
  /** True: this worker is the leader, or it drains, and has not stepped down yet. Never true of two. */
  readonly leader: boolean;
  /**
   * How long ago the primary last heard from it, in ms: a worker whose event loop is free gives a sign of life every 3 seconds, or
   * ten times within `watchdog.timeoutMs` if that is more often. Null: it is not ready, or it is at a debugger's mercy.
   */
  readonly silentMs: number | null;
  /**
   * How many connections it holds that are in use: HTTP/1.1 connections and HTTP/2 sessions on which a request came within the last 3
   * seconds. Null: it is not ready, has just become so, or does not count them (`shed: false`).
   */
  readonly connections: number | null;
}

/** One worker, as log lines, events and results name it. */
export interface WorkerName {
  readonly slot: number;
  /** The id of the generation that it runs. */
  readonly generation: number;
  /** Null: the process could not be created. */
  readonly pid: number | null;
}

/** How a rolling restart ended. An abort is not an exception: the service goes on with the release that worked before. */
export type RolloutResult = RolloutOutcome<Error>;

export type RolloutOutcome<E> =
  | { readonly outcome: 'completed'; readonly generation: number }
  | {
      readonly outcome: 'aborted';
      /** Null: no new generation was made, because the release was not found, or the fleet was stopping. */
      readonly generation: number | null;
      readonly reason: AbortReason;
      /** The error of the worker that failed, with its own stack, or one that describes its exit. Null: there is none. */
      readonly error: E | null;
      /** The worker that failed. Null: the rollout ended for another reason, such as a shutdown. */
      readonly worker: WorkerName | null;
    }
  | {
      readonly outcome: 'superseded';
      readonly generation: number;
      /** The id of the generation that became the target before this rollout was complete. */
      readonly by: number;
    };

/** Converts the error of an outcome: an Error in a process becomes data in a message, and the other way round. */
export function mapError<A, B>(outcome: RolloutOutcome<A>, map: (error: A) => B): RolloutOutcome<B> {
  if (outcome.outcome !== 'aborted') return outcome;
  return { ...outcome, error: outcome.error === null ? null : map(outcome.error) };
}
