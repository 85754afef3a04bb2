// Does something to a service while clients on kept-alive and on fresh connections use it: no request may be lost.
import { assertNothingLost } from './load-report.ts';
import { startLoads } from './loads.ts';
import type { Service } from './service.ts';

const CLIENTS = 6;
/** So many answers each client gets before, and after, on average. */
const ROUNDS = 10;

/** `act` must not resolve before its consequences are over: before the workers that drain have exited, for example. */
export async function underLoad<T>(service: Service, act: () => Promise<T>): Promise<T> {
  const load = { origin: await service.origin(), clients: CLIENTS };
  const loads = startLoads({ ...load, connections: 'kept-alive' }, { ...load, connections: 'fresh' });
  try {
    await loads.more(ROUNDS * CLIENTS);
    const result = await act();
    await loads.more(ROUNDS * CLIENTS);
    for (const report of await loads.stop()) assertNothingLost(report);
    return result;
  } finally {
    await loads.stop();
  }
}
