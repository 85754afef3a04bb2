// Counts early exits in a row, and notes for how long a slot has to wait after them: the ledger's account of the backoff.
import type { Policy } from '../../src/fleet/policy.ts';

/** The delay of a slot, as it was announced. */
export interface Delay {
  readonly generation: number;
  readonly slowest: boolean;
  readonly until: number;
}

export class EarlyExits {
  readonly #policy: Policy['respawn'];
  /** In a row, by slot and generation: workers of an old release do not count against a new one. */
  readonly #counts = new Map<number, Map<number, number>>();
  readonly #delays = new Map<number, Delay>();

  constructor(policy: Policy['respawn']) {
    this.#policy = policy;
  }

  /** The last delay of a slot, unless its early exits are forgotten since then. */
  delayOf(slot: number): Delay | undefined {
    return this.#delays.get(slot);
  }

  delay(slot: number, delay: Delay): void {
    this.#delays.set(slot, delay);
  }

  /** How many there were in a row, with this exit: 0 if it is not early. */
  add(slot: number, generation: number, uptimeMs: number): number {
    if (uptimeMs >= this.#policy.minUptimeMs) {
      this.forgive(slot, generation);
      return 0;
    }
    const counts = this.#counts.get(slot) ?? new Map<number, number>();
    const count = (counts.get(generation) ?? 0) + 1;
    this.#counts.set(slot, counts.set(generation, count));
    return count;
  }

  /** A worker of this generation has been ready for minUptimeMs. */
  forgive(slot: number, generation: number): void {
    this.#counts.get(slot)?.delete(generation);
    if (this.#delays.get(slot)?.generation === generation) this.#delays.delete(slot);
  }

  /** Another release gets the slot, or the slot is gone. */
  forget(slot: number): void {
    this.#counts.delete(slot);
    this.#delays.delete(slot);
  }
}
