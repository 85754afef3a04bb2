// Knows which errors of the first boot have been told: all workers run the same code, so most often all fail alike.
import type { Announcement } from '../../fleet/command.ts';
import type { ErrorInfo } from '../../fleet/event.ts';

export class FirstErrors {
  readonly #told = new Set<string>();
  /** No worker has been ready yet. */
  #isFirstBoot = true;

  /** Is its error one that an earlier announcement had, while no worker was ready yet? */
  isRepeated(announcement: Announcement): boolean {
    switch (announcement.type) {
      case 'worker-ready':
        this.#isFirstBoot = false;
        return false;
      case 'worker-failing':
      case 'fork-failed':
        return this.#isFirstBoot && !this.#add(announcement.error);
      case 'fleet-stopping': {
        const { reason, error } = announcement.ending;
        return reason === 'boot-failed' && error !== null && this.#told.has(keyOf(error));
      }
      default:
        return false;
    }
  }

  /** False: it was known. */
  #add(error: ErrorInfo): boolean {
    const key = keyOf(error);
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }
}

function keyOf({ name, message, stack }: ErrorInfo): string {
  return stack ?? `${name}: ${message}`;
}
