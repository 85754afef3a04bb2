// Tells the primary how many connections this worker holds, when their number has changed.
import { LOOK_MS } from '../drain/connection-load.ts';
import type { ConnectionLoad } from '../drain/connection-load.ts';

export class LoadReport {
  readonly #load: ConnectionLoad;
  #told: number | null = null;

  /** @param tell sends a sign of life, with the number */
  constructor(load: ConnectionLoad, tell: () => void) {
    this.#load = load;
    setInterval(() => {
      load.look();
      if (load.inUse === this.#told) return;
      this.#told = load.inUse;
      tell();
    }, LOOK_MS).unref();
  }

  /** What is left is told in any case: the primary acts on no number that it got before. */
  giveBack(count: number): void {
    this.#load.giveBack(count);
    this.#told = null;
  }
}
