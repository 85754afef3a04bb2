// Time as the primary has lived it: it stands still while the process is stopped, or the machine sleeps.
import { performance } from 'node:perf_hooks';

/** At least this often the clock has to be read, else it takes the pause for sleep. */
export const TICK_MS = 500;

/** No reading advances the clock by more than this, however much time has passed: a late tick is no sleep yet. */
const MOST_MS = 2 * TICK_MS;

export class AwakeClock {
  readonly #read: () => number;
  #last: number;
  #awake = 0;

  constructor(read = () => performance.now()) {
    this.#read = read;
    this.#last = read();
  }

  /** In milliseconds, not rounded: a deadline must not come early, be it by half a millisecond. */
  now(): number {
    const time = this.#read();
    this.#awake += Math.min(time - this.#last, MOST_MS);
    this.#last = time;
    return this.#awake;
  }
}
