// Logs which named endpoints no server of the app has taken: once for each release, since its workers are alike.
import type { PrimaryLogger } from '../log/guard.ts';

export class UnservedLog {
  readonly #log: PrimaryLogger;
  #generation = 0;

  constructor(log: PrimaryLogger) {
    this.#log = log;
  }

  /** A worker of that generation is ready, and serves all but those. */
  hear(generation: number, names: readonly string[]): void {
    if (generation <= this.#generation) return;
    this.#generation = generation;
    this.#log.warn({ generation, names, explanation: UNTAKEN }, 'endpoints not served');
  }
}

const UNTAKEN =
  'no server has taken these names, so whoever connects there is refused, or waits; call worker.listen(server, name) in buildApp';
