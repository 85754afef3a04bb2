// Runs in the primary process: answers probes of the fleet, from before the first fork until the end.
import type { ProbeServer } from '../health/server.ts';
import { silenceOf } from '../health/silence.ts';
import type { Settings } from '../options/index.ts';
import type { ClusteredPrimary } from './clustered-primary.ts';
import { heartbeatMs } from './processes/worker-settings.ts';

export const PROBES_ANSWERED = 'probes answered';

export interface FleetProbes {
  readonly address: ProbeServer['address'];
  /** To be called once the service has started. */
  markStarted(): void;
}

/** Null: the options want none. @throws FST_CLUSTERED_LISTEN_FAILED */
export async function answerProbes(
  primary: Pick<ClusteredPrimary, 'status' | 'closed'>,
  { health, policy }: Settings,
): Promise<FleetProbes | null> {
  if (health === false) return null;
  // Only now: a primary that answers no probes needs no node:http.
  const { openProbes } = await import('../health/server.ts');
  let isStarted = false;
  const silence = silenceOf(heartbeatMs(policy.watchdog), policy.watchdog);
  const server = await openProbes(health, () => ({ status: primary.status(), isStarted }), silence);
  void primary.closed.then(() => server.close());
  return {
    address: server.address,
    markStarted() {
      isStarted = true;
    },
  };
}
