// Builds the public status of the fleet: what the fleet knows, and what only its processes and sockets know.
import process from 'node:process';
import { isMixed, isRolling } from '../fleet/fleet.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Worker } from '../fleet/worker.ts';
import { addressOf } from '../net/endpoint.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Balance } from '../options/index.ts';
import { toErrorInfo, withoutProperties } from '../protocol/error-info.ts';
import { mapError } from '../status.ts';
import type { FleetStatus, ResourcesStatus, RolloutResult, WorkerStatus } from '../status.ts';
import type { PidOf } from './observers/details.ts';

export interface Surroundings {
  readonly endpoints: readonly Endpoint[];
  readonly balance: Balance;
  readonly resources: ResourcesStatus;
  readonly lastRollout: RolloutResult | null;
  readonly pidOf: PidOf;
}

export function statusOf(
  fleet: Fleet,
  { endpoints, balance, resources, lastRollout, pidOf }: Surroundings,
): FleetStatus {
  return {
    pid: process.pid,
    phase: fleet.phase.name,
    size: fleet.slots.length,
    target: fleet.target,
    stable: fleet.stable,
    rolling: isRolling(fleet),
    mixed: isMixed(fleet),
    addresses: endpoints.map(addressOf),
    balance,
    resources,
    workers: fleet.workers.map((worker) => statusOfWorker(worker, fleet, pidOf)),
    lastRollout: lastRollout && mapError(lastRollout, (error) => withoutProperties(toErrorInfo(error))),
  };
}

function statusOfWorker(worker: Worker, { leader, now }: Fleet, pidOf: PidOf): WorkerStatus {
  const { id, slot, state, generation } = worker;
  return {
    slot,
    pid: pidOf(id),
    state,
    generation,
    leader: id === leader,
    // Both times are of the last step: what this process has not read meanwhile does not count as silence.
    silentMs: worker.state === 'ready' && !worker.debugged ? Math.round(now - worker.heardAt) : null,
    connections: worker.state === 'ready' ? worker.connections : null,
  };
}
