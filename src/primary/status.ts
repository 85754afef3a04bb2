// Builds the public status of the fleet: what the fleet knows, and what only its processes and sockets know.
import process from 'node:process';
import { isMixed, isRolling } from '../fleet/fleet.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { addressOf } from '../net/endpoint.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import { mapError } from '../status.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';
import type { PidOf } from './observers/details.ts';

export interface Surroundings {
  readonly endpoints: readonly Endpoint[];
  readonly lastRollout: RolloutResult | null;
  readonly pidOf: PidOf;
}

export function statusOf(fleet: Fleet, { endpoints, lastRollout, pidOf }: Surroundings): FleetStatus {
  return {
    pid: process.pid,
    phase: fleet.phase.name,
    size: fleet.slots.length,
    target: fleet.target,
    stable: fleet.stable,
    rolling: isRolling(fleet),
    mixed: isMixed(fleet),
    addresses: endpoints.map(addressOf),
    workers: fleet.workers.map(({ id, slot, state, generation }) => ({
      slot,
      pid: pidOf(id),
      state,
      generation,
      leader: id === fleet.leader,
    })),
    lastRollout: lastRollout && mapError(lastRollout, toErrorInfo),
  };
}
