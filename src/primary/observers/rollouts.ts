// Who asked for a rollout learns how it ended.
import type { Announcement } from '../../fleet/command.ts';
import { fromErrorInfo } from '../../protocol/error-info.ts';
import type { RolloutResult } from '../../status.ts';

export class Rollouts {
  #last: RolloutResult | null = null;
  readonly #waiting = new Map<number, (result: RolloutResult) => void>();

  /** Null: none has ended yet. */
  get last(): RolloutResult | null {
    return this.#last;
  }

  /** To be called before the rollout to that generation begins. */
  expect(generation: number): Promise<RolloutResult> {
    return new Promise((resolve) => this.#waiting.set(generation, resolve));
  }

  /** Ended before it began. */
  end(result: RolloutResult): RolloutResult {
    this.#last = result;
    return result;
  }

  hear(announcement: Announcement): void {
    switch (announcement.type) {
      case 'rollout-completed':
        return this.#settle(announcement.generation, {
          outcome: 'completed',
          generation: announcement.generation,
        });
      case 'rollout-superseded':
        return this.#settle(announcement.generation, {
          outcome: 'superseded',
          generation: announcement.generation,
          by: announcement.by,
        });
      case 'rollout-aborted': {
        const { generation, reason, error } = announcement;
        return this.#settle(generation, {
          outcome: 'aborted',
          generation,
          reason,
          error: error === null ? null : fromErrorInfo(error),
        });
      }
      default:
        return undefined;
    }
  }

  #settle(generation: number, result: RolloutResult): void {
    this.end(result);
    this.#waiting.get(generation)?.(result);
    this.#waiting.delete(generation);
  }
}
