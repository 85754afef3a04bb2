// Settles the promise of each call of restart() with the result of its rollout, and keeps the latest result.
import type { Announcement } from '../../fleet/command.ts';
import { fromErrorInfo } from '../../protocol/error-info.ts';
import type { RolloutResult } from '../../status.ts';
import { nameOf } from './details.ts';
import type { PidOf } from './details.ts';
import type { Observer } from './observer.ts';

/** The result of a rollout that was requested, but did not start. No worker had a part in it. */
export function notStarted(
  reason: 'stopping' | 'release-not-found' | 'env-failed',
  error: Error | null,
): RolloutResult {
  return { outcome: 'aborted', generation: null, reason, error, worker: null };
}

export class RolloutResults implements Observer {
  readonly #pidOf: PidOf;
  readonly #pending = new Map<number, (result: RolloutResult) => void>();
  #last: RolloutResult | null = null;

  constructor(pidOf: PidOf) {
    this.#pidOf = pidOf;
  }

  /** Null: no rollout has ended yet. */
  get last(): RolloutResult | null {
    return this.#last;
  }

  /** The result of the rollout to this generation. Has to be called before that rollout starts. */
  of(generation: number): Promise<RolloutResult> {
    return new Promise((resolve) => this.#pending.set(generation, resolve));
  }

  /** For a rollout that did not start, and so is not announced. */
  record(result: RolloutResult): RolloutResult {
    this.#last = result;
    return result;
  }

  /** The fleet is about to stop: what has not started will not. */
  abandon(): void {
    for (const generation of this.#pending.keys()) this.#settle(generation, notStarted('stopping', null));
  }

  hear(announcement: Announcement): void {
    switch (announcement.type) {
      case 'rollout-completed': {
        const { generation } = announcement;
        return this.#settle(generation, { outcome: 'completed', generation });
      }
      case 'rollout-superseded': {
        const { generation, by } = announcement;
        return this.#settle(generation, { outcome: 'superseded', generation, by });
      }
      case 'rollout-aborted': {
        const { generation, reason, error, worker } = announcement;
        return this.#settle(generation, {
          outcome: 'aborted',
          generation,
          reason,
          error: error && fromErrorInfo(error),
          worker: worker && nameOf(worker, this.#pidOf),
        });
      }
      default:
        return undefined;
    }
  }

  #settle(generation: number, result: RolloutResult): void {
    this.record(result);
    this.#pending.get(generation)?.(result);
    this.#pending.delete(generation);
  }
}
