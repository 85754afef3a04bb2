// The load: kinds of clients that never retry, moderate, as the machine has more to do than to answer them.
import { setTimeout } from 'node:timers/promises';
import { getOrPost } from '../helpers/get-or-post.ts';
import { startLoad } from '../helpers/load-client.ts';
import type { Load, LoadCounts, LoadOptions, LoadReport, Loss } from '../helpers/load-client.ts';
import { HOST } from './stage.ts';

const CHUNKS = '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n';

/**
 * Who is stopped for good is killed, and who drains is cut, long before. Who waits in the kernel's queue does so until
 * a worker is ready again, which may take as long as several boots that time out: that is slow, but no hang.
 */
const HUNG_AFTER_MS = 60_000;

/** All pauses are far below the idleMs of the service: an idle connection must never be closed on a client. */
const KINDS: Readonly<Record<string, Omit<LoadOptions, 'origin' | 'seed'>>> = {
  'fresh GET': {
    connections: 'fresh',
    clients: 4,
    thinkMs: (random) => 20 + 40 * random(),
    request: () => ({ method: 'GET', path: '/' }),
  },
  'kept-alive GET and POST of 16 KB': {
    ...getOrPost,
    clients: 8,
    thinkMs: (random) => 10 + 30 * random(),
  },
  'kept-alive with pauses': {
    connections: 'kept-alive',
    clients: 8,
    thinkMs: (random) => 100 + 400 * random(),
    request: () => ({ method: 'GET', path: '/' }),
  },
  slow: {
    connections: 'kept-alive',
    clients: 3,
    thinkMs: 10,
    request: (number) => ({ method: 'GET', path: `/slow?ms=${100 + ((number * 170) % 900)}` }),
  },
  chunked: {
    connections: 'fresh',
    clients: 3,
    thinkMs: 20,
    request: (number) => ({ method: 'GET', path: `/chunks?ms=${100 + ((number * 110) % 500)}` }),
    check: ({ body }) => body.toString() === CHUNKS,
  },
};

export interface Mix {
  /** Every kind gets that many more answers; rejects when that takes too long, however little is missing. */
  answered(more: number): Promise<void>;
  counts(): ReadonlyMap<string, LoadCounts>;
  /** Of all kinds, so far. */
  readonly losses: readonly Loss[];
  stop(): Promise<ReadonlyMap<string, LoadReport>>;
}

export function startMix(port: number, seed: number): Mix {
  const losses: Loss[] = [];
  const loads = new Map<string, Load>(
    Object.entries(KINDS).map(([kind, options]) => [
      kind,
      startLoad({
        ...options,
        origin: { host: HOST, port },
        seed,
        hungAfterMs: HUNG_AFTER_MS,
        onLoss: (loss) => losses.push(loss),
      }),
    ]),
  );
  return {
    losses,
    async answered(more) {
      const all = [...loads.values()].map((load) => load.answered(load.counts().answered + more));
      const patience = setTimeout(HUNG_AFTER_MS, 'too long', { ref: false } as const);
      if ((await Promise.race([Promise.all(all), patience])) !== 'too long') return;
      throw new Error(`not every kind of request got ${more} answers within ${HUNG_AFTER_MS} ms`);
    },
    counts: () => new Map([...loads].map(([kind, load]) => [kind, load.counts()])),
    async stop() {
      const reports = [...loads].map(async ([kind, load]) => [kind, await load.stop()] as const);
      return new Map(await Promise.all(reports));
    },
  };
}
