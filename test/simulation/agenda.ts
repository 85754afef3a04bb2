// What happens when, in the fake world: what is due first comes first, and ties in the order of entry.

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

export class Agenda {
  /** Real time, in milliseconds: it never stands still. */
  now = 0;
  /** The next one at the end. */
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
    // What was entered earlier for the same time stays behind it, that is, nearer to the end.
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
