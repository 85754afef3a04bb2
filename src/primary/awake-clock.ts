// A clock that stands still while the process is stopped, or the machine sleeps.
import { performance } from 'node:perf_hooks';

/** The clock has to be read at least this often, in ms; it takes a longer pause for sleep. */
export const TICK_MS = 500;

/** No reading advances the clock by more than this, in ms. It leaves room for a late tick, which is no sleep. */
const MAX_ADVANCE_MS = 2 * TICK_MS;

export class AwakeClock {
  readonly #read: () => number;
  #last: number;
  #awake = 0;

  constructor(read = () => performance.now()) {
    this.#read = read;
    this.#last = read();
  }

  /** In ms, not rounded: a deadline must not come early, not even by half a millisecond. */
  now(): number {
    const time = this.#read();
    this.#awake += Math.min(time - this.#last, MAX_ADVANCE_MS);
    this.#last = time;
    return this.#awake;
  }
}
