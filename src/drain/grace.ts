// The time that a drain may take. It can only be shortened.

export class Grace {
  readonly #isRef: boolean;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #deadline = Infinity;

  /** `ref`: it keeps the process alive. */
  constructor({ ref } = { ref: true }) {
    this.#isRef = ref;
  }

  /** Aborts when it is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** From now on it is this long; a longer time than before changes nothing. Infinity: no limit. */
  limit(graceMs: number): void {
    const deadline = performance.now() + graceMs;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over.abort(), graceMs);
    if (!this.#isRef) this.#timer.unref();
  }

  /** It is not needed any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Rejects when the signal aborts before. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
