// Several loads on one service at once, for which a test waits together.
import { startLoad } from './load-client.ts';
import type { Load, LoadOptions } from './load-client.ts';
import type { LoadReport } from './load-report.ts';

export interface Loads {
  readonly all: readonly Load[];
  /** Resolves once every load has that many more answers. */
  more(answers: number): Promise<void>;
  /** Lets each client finish its request. The reports come in the order of the loads. */
  stop(): Promise<readonly LoadReport[]>;
}

export function startLoads(...options: readonly LoadOptions[]): Loads {
  const all = options.map((load) => startLoad(load));
  return {
    all,
    more: async (answers) => void (await Promise.all(all.map((load) => load.more(answers)))),
    stop: () => Promise.all(all.map((load) => load.stop())),
  };
}
