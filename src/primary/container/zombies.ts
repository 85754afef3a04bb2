// Finds processes that have exited and that nobody reaps. Orphans become children of PID 1, and Node reaps only what it has started.
import type { Proc } from './proc.ts';

export interface Zombie {
  readonly pid: number;
  readonly name: string;
}

/** What Node has started it reaps at once. What is still there after this time, in ms, it never will. */
const REAPED_MS = 1_000;

export class Zombies {
  readonly #proc: Proc;
  readonly #now: () => number;
  #seenAt: ReadonlyMap<number, number> = new Map();

  constructor(proc: Proc, now: () => number) {
    this.#proc = proc;
    this.#now = now;
  }

  /** Those that a look before has seen, too. */
  look(): readonly Zombie[] {
    const { pid: self } = this.#proc;
    const now = this.#now();
    const zombies = this.#proc.all().filter(({ parent, isZombie }) => parent === self && isZombie);
    this.#seenAt = new Map(zombies.map(({ pid }) => [pid, this.#seenAt.get(pid) ?? now]));
    return zombies
      .filter(({ pid }) => now - (this.#seenAt.get(pid) ?? now) >= REAPED_MS)
      .map(({ pid, name }) => ({ pid, name }));
  }
}
