// Does something to a service while clients on kept-alive and on fresh connections use it: nothing may be lost of it.
import assert from 'node:assert/strict';
import { describeLosses, startLoad } from './load-client.ts';
import type { LoadReport } from './load-client.ts';
import type { Service } from './service.ts';

const CLIENTS = 6;
/** So many answers each client sees before, and after, on the average. */
const ROUNDS = 10;

/** Times that lose nothing even on a machine that is late: no client here pauses, so none is idle for that long. */
export const PATIENT = { minReadyMs: 100, idleMs: 2_000 } as const;

/** What it does may end only when its consequences have, too: when those that drain have exited, say. */
export async function underLoad<T>(service: Service, act: () => Promise<T>): Promise<T> {
  const origin = { host: '127.0.0.1', port: await service.port() };
  const loads = (['kept-alive', 'fresh'] as const).map((connections) =>
    startLoad({ origin, connections, clients: CLIENTS, request: () => ({ method: 'GET', path: '/' }) }),
  );
  const go = (): Promise<unknown> =>
    Promise.all(loads.map((load) => load.answered(load.counts().answered + ROUNDS * CLIENTS)));
  const stop = (): Promise<LoadReport[]> => Promise.all(loads.map((load) => load.stop()));
  try {
    await go();
    const result = await act();
    await go();
    for (const report of await stop()) assert.equal(report.lost, 0, describeLosses(report));
    return result;
  } finally {
    await stop();
  }
}
