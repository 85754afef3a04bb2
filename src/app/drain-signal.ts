// The signal that a drain has begun. Unlike that of any other AbortController it calls listeners that are added too late, too.
import { setMaxListeners } from 'node:events';

/**
 * A stream that begins during the drain has to end as well, but an abort is dispatched once: a listener that is added later is
 * never called. Whoever forgets to look at `aborted` first would hold the drain up until the grace is over.
 */
export class DrainSignal {
  readonly #controller = new AbortController();

  constructor() {
    const { signal } = this.#controller;
    // Each stream listens until it ends. That there are many at a time is no leak.
    setMaxListeners(0, signal);
    callLateListeners(signal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }
}

type Add = (type: string, listener: unknown, options?: unknown) => void;

function callLateListeners(signal: AbortSignal): void {
  const { addEventListener } = signal;
  const add: Add = (...given) => Reflect.apply(addEventListener, signal, given);
  const addLate: Add = (type, listener, options) => {
    if (type !== 'abort') return add(type, listener, options);
    // Once, as there is one abort: so those that were called are gone, and only late ones hear of it again.
    add(type, listener, { ...asObject(options), once: true });
    if (signal.aborted) queueMicrotask(() => signal.dispatchEvent(new Event('abort')));
  };
  Object.defineProperty(signal, 'addEventListener', { configurable: true, value: addLate });
}

function asObject(options: unknown): object {
  return typeof options === 'boolean' ? { capture: options } : Object(options ?? {});
}
