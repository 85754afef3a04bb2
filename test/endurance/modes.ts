// What is combined: the ways in which clients use the service, and the ways in which it rolls meanwhile.
import type { ClusteredOptions } from 'fastify-clustered';
import type { LoadOptions } from '../helpers/load-client.ts';
import { chunked, getOrPost, slow } from '../helpers/requests.ts';

export interface LoadMode {
  readonly name: string;
  readonly load: Omit<LoadOptions, 'origin'>;
}

export interface RolloutMode {
  readonly name: string;
  readonly options: ClusteredOptions;
}

const TIMES = { minReadyMs: 200, idleMs: 1_000 } as const;

const upTo300Ms = (number: number): number => (number * 37) % 300;
const slowly = slow(upTo300Ms);
const inChunks = chunked(upTo300Ms);

/** Half of the answers begin when their time is over, half begin at once; all end within 300 ms. */
const slowOrChunked = {
  request: (number) => (number % 2 === 0 ? slowly : inChunks).request(number),
  check: (response, request) => request.path.startsWith('/slow') || inChunks.check(response),
} as const satisfies Partial<LoadOptions>;

export const LOADS: readonly LoadMode[] = [
  { name: 'fresh connections, GET', load: { connections: 'fresh', clients: 16 } },
  { name: 'kept alive, GET and POST of 16 KB', load: { ...getOrPost, clients: 16 } },
  {
    name: 'kept alive, pauses of 0.2 to 0.8 idleMs',
    load: { ...getOrPost, clients: 96, thinkMs: (random) => TIMES.idleMs * (0.2 + 0.6 * random()) },
  },
  { name: 'kept alive, pipelined pairs', load: { ...getOrPost, clients: 16, pipelined: 2 } },
  {
    name: 'kept alive, slow and chunked answers',
    load: { ...slowOrChunked, connections: 'kept-alive', clients: 48 },
  },
  {
    name: 'fresh connections, slow and chunked answers',
    load: { ...slowOrChunked, connections: 'fresh', clients: 48 },
  },
];

export const ROLLOUTS: readonly RolloutMode[] = [
  { name: 'maxSurge 1, maxUnavailable 0', options: { workers: 2, rollout: { ...TIMES, maxSurge: 1 } } },
  {
    name: 'maxSurge 0, maxUnavailable 1',
    options: { workers: 2, rollout: { ...TIMES, maxSurge: 0, maxUnavailable: 1 } },
  },
  { name: 'maxSurge = workers', options: { workers: 2, rollout: { ...TIMES, maxSurge: 2 } } },
  { name: 'workers 1', options: { workers: 1, rollout: TIMES } },
];
