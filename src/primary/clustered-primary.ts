// What startClustered returns in the primary process: the public interface of the fleet.
import type { EventEmitter } from 'node:events';
import type { Ending } from '../fleet/fleet.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';
import type { ClusteredEvents } from './observers/details.ts';

/** How the fleet ended. */
export interface Closed {
  /** 0: it was asked to stop, and every worker exited cleanly. */
  readonly exitCode: 0 | 1;
  readonly reason: Ending['reason'];
  /** The error of the worker whose failure ended the fleet. Null: there is none. */
  readonly error: Error | null;
}

/** The fleet, as the embedder sees it in the primary process. */
export interface ClusteredPrimary {
  readonly role: 'primary';
  /** A snapshot of the fleet. What `restart()`, `scale()` or `close()` has just asked for is in it a few milliseconds later. */
  status(): FleetStatus;
  /**
   * Starts a rolling restart, as SIGUSR2 does: it resolves the real paths behind `entry` and `cwd` again, and replaces every
   * worker with one of that release. Called while a rollout is under way, it supersedes that rollout.
   *
   * The promise settles when the rollout ends. It never rejects: an abort is a result, too.
   */
  restart(): Promise<RolloutResult>;
  /**
   * Changes the number of workers. The event `size-changed` follows; then, upwards, `fleet-ready` when every slot has a ready
   * worker, and downwards `worker-exited` for each worker that is not needed any more.
   * @param size a whole number from 1 to 1,024
   * @throws FST_CLUSTERED_OPTION_INVALID: `size` is not such a number
   */
  scale(size: number): void;
  /**
   * Sends data to every worker that has called startClustered, for its listeners of `onBroadcast`. At most
   * once: a worker that crashes, or does not read for so long that 16 MiB wait for it, misses it.
   * @param topic 1 to 256 characters
   * @param data anything that JSON can hold, up to 8 MiB of it
   * @throws FST_CLUSTERED_OPTION_INVALID: the topic is no such string, or the data cannot be turned into JSON
   * @throws FST_CLUSTERED_BROADCAST_TOO_LARGE: the data has more than 8 MiB as JSON
   */
  broadcast(topic: string, data: unknown): void;
  /**
   * Shuts the fleet down gracefully, as SIGTERM does, but does not exit the process. Further calls return the same
   * promise, which never rejects.
   */
  close(): Promise<Closed>;
  /** Settles when the fleet has ended, for whatever reason. Never rejects. */
  readonly closed: Promise<Closed>;
  /** What happens in the fleet: one event for each line that the log has of it, with the same details. */
  readonly events: EventEmitter<ClusteredEvents>;
}
