// Logs which exit handlers the workers hold back: once for each release, since all its workers hold back the same.
import type { HeldHandler } from '../../protocol/held-handlers.ts';
import type { PrimaryLogger } from '../log/guard.ts';

export const HANDLERS_HELD = 'exit handlers held back';

export class HeldLog {
  readonly #log: PrimaryLogger;
  readonly #told = new Set<string>();
  #generation = 0;

  constructor(log: PrimaryLogger) {
    this.#log = log;
  }

  /** A worker of that generation holds them back. */
  hear(generation: number, held: readonly HeldHandler[]): void {
    // Of an older release all was told when it was new.
    if (generation < this.#generation) return;
    if (generation > this.#generation) this.#told.clear();
    this.#generation = generation;
    const handlers = held.filter(({ event, by }) => !this.#told.has(`${event} ${by}`));
    for (const { event, by } of handlers) this.#told.add(`${event} ${by}`);
    if (handlers.length > 0) this.#log.warn({ generation, handlers }, HANDLERS_HELD);
  }
}
