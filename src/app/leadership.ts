// The app's part in being the leader: its hooks run when the term begins, and the term is over when all of them have settled.
import { setMaxListeners } from 'node:events';
import { attempt } from '../attempt.ts';

/**
 * Runs while this process is the leader. `signal` aborts when the term ends: then settle, as soon as your work allows. A promise
 * that it returns is waited for.
 */
export type LeaderHook = (signal: AbortSignal) => unknown;

interface Added {
  readonly hook: LeaderHook;
  readonly end: AbortController;
}

export class Leadership {
  readonly #added = new Set<Added>();
  readonly #running = new Set<Promise<void>>();
  readonly #over: Promise<void>;
  #settleOver: () => void = () => undefined;
  #term: 'ahead' | 'now' | 'over' = 'ahead';
  #onError: (error: unknown) => void = () => undefined;

  constructor() {
    this.#over = new Promise((resolve) => {
      this.#settleOver = resolve;
    });
  }

  get isNow(): boolean {
    return this.#term === 'now';
  }

  /** Returns the function that takes the hook back; if it runs, its signal aborts. */
  add(hook: LeaderHook): () => void {
    const added = { hook, end: new AbortController() };
    // A leader may have many things under way that listen. That is no leak.
    setMaxListeners(0, added.end.signal);
    this.#added.add(added);
    if (this.isNow) this.#run(added);
    return () => {
      this.#added.delete(added);
      added.end.abort();
    };
  }

  /** Settles when the term is over; never rejects. There is one term at most: if it was ended already, it does not begin. */
  begin(onError: (error: unknown) => void): Promise<void> {
    if (this.#term === 'ahead') {
      this.#term = 'now';
      this.#onError = onError;
      for (const added of this.#added) this.#run(added);
    }
    return this.#over;
  }

  /** Settles when every hook has; never rejects. */
  async end(): Promise<void> {
    this.#term = 'over';
    for (const { end } of this.#added) end.abort();
    await Promise.all(this.#running);
    this.#settleOver();
  }

  #run({ hook, end }: Added): void {
    const running = this.#settle(hook, end.signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #settle(hook: LeaderHook, signal: AbortSignal): Promise<void> {
    try {
      await hook(signal);
    } catch (error) {
      if (!isAbort(error, signal)) this.#onError(error);
    }
  }
}

/** A wait that the signal has ended: `fetch` rejects with its reason, Node's own functions with an error of that cause. */
function isAbort(thrown: unknown, { aborted, reason }: AbortSignal): boolean {
  const isOfSignal = attempt(() => thrown === reason || Reflect.get(Object(thrown), 'cause') === reason);
  return aborted && isOfSignal === true;
}
