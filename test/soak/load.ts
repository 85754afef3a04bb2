// The load of a soak: several kinds of clients that never retry, moderate, so that the machine has time for the troubles.
import { setTimeout } from 'node:timers/promises';
import type { LoadOptions } from '../helpers/load-client.ts';
import type { LoadCounts, LoadReport, Loss } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { chunked, getOrPost, slow } from '../helpers/requests.ts';
import { HOST } from './stage.ts';

/**
 * Workers that are stopped or draining are killed long before. A connection in the kernel's queue waits until a worker
 * is ready again, which may take as long as several boots that time out: that is slow, but no hang.
 */
const HUNG_AFTER_MS = 60_000;

/** All pauses are far below the idleMs of the service: an idle connection must never be closed on a client. */
const KINDS: Readonly<Record<string, Omit<LoadOptions, 'origin' | 'seed'>>> = {
  'fresh GET': { connections: 'fresh', clients: 4, thinkMs: (random) => 20 + 40 * random() },
  'kept-alive GET and POST of 16 KB': { ...getOrPost, clients: 8, thinkMs: (random) => 10 + 30 * random() },
  'kept-alive with pauses': {
    connections: 'kept-alive',
    clients: 8,
    thinkMs: (random) => 100 + 400 * random(),
  },
  slow: {
    ...slow((number) => 100 + ((number * 170) % 900)),
    connections: 'kept-alive',
    clients: 3,
    thinkMs: 10,
  },
  chunked: {
    ...chunked((number) => 100 + ((number * 110) % 500)),
    connections: 'fresh',
    clients: 3,
    thinkMs: 20,
  },
};

/** Of a server that each worker opens beside the app's own. Not often, as nothing of it is held by the primary. */
const FURTHER: Readonly<Record<string, Omit<LoadOptions, 'origin' | 'seed'>>> = {
  'further server, fresh': { connections: 'fresh', clients: 2, thinkMs: (random) => 40 + 80 * random() },
  'further server, slow': {
    ...slow((number) => 100 + ((number * 130) % 500)),
    connections: 'kept-alive',
    clients: 2,
    thinkMs: 10,
  },
};

export interface Ports {
  readonly port: number;
  /** Of the further server. */
  readonly furtherPort: number;
}

export interface Mix {
  /** Every kind gets that many more answers; rejects when one of them does not in time. */
  answered(more: number): Promise<void>;
  counts(): ReadonlyMap<string, LoadCounts>;
  /** Of all kinds, so far. */
  readonly losses: readonly Loss[];
  /** Of those, what the further server lost. */
  readonly furtherLosses: ReadonlySet<Loss>;
  stop(): Promise<ReadonlyMap<string, LoadReport>>;
}

export function startMix({ port, furtherPort }: Ports, seed: number): Mix {
  const losses: Loss[] = [];
  const furtherLosses = new Set<Loss>();
  const kinds = [...Object.keys(KINDS), ...Object.keys(FURTHER)];
  const loads = startLoads(
    ...Object.values(KINDS).map((options) => ({
      ...options,
      origin: { host: HOST, port },
      seed,
      hungAfterMs: HUNG_AFTER_MS,
      onLoss: (loss: Loss) => losses.push(loss),
    })),
    ...Object.values(FURTHER).map((options) => ({
      ...options,
      origin: { host: HOST, port: furtherPort },
      seed,
      hungAfterMs: HUNG_AFTER_MS,
      onLoss(loss: Loss) {
        losses.push(loss);
        furtherLosses.add(loss);
      },
    })),
  );
  const byKind = <T>(values: readonly T[]): ReadonlyMap<string, T> =>
    new Map(values.map((value, index) => [kinds[index] ?? '', value]));
  return {
    losses,
    furtherLosses,
    async answered(more) {
      const tooLate = setTimeout(HUNG_AFTER_MS, 'too late', { ref: false } as const);
      if ((await Promise.race([loads.more(more), tooLate])) !== 'too late') return;
      throw new Error(`not every kind of request got ${more} answers within ${HUNG_AFTER_MS} ms`);
    },
    counts: () => byKind(loads.all.map((load) => load.counts())),
    stop: async () => byKind(await loads.stop()),
  };
}
