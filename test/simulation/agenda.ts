// What happens when, in the fake world: the earliest entry first. Entries for the same time keep their order.

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

export class Agenda {
  /** Real time, in milliseconds: it goes on while the primary sleeps. */
  now = 0;
  /** The next one is at the end. */
  readonly #entries: Entry[] = [];

  after(ms: number, run: () => void): void {
    const at = this.now + ms;
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.at ?? Infinity) > at) low = middle + 1;
      else high = middle;
    }
    // An earlier entry for the same time stays behind it, that is, nearer to the end.
    this.#entries.splice(low, 0, { at, run });
  }

  get nextAt(): number {
    return this.#entries.at(-1)?.at ?? Infinity;
  }

  runNext(): void {
    const entry = this.#entries.pop();
    if (entry === undefined) return;
    this.now = entry.at;
    entry.run();
  }
}
