// When the fleet has to step again, if nothing happens until then. It is derived from the fleet, so no deadline can be forgotten.
import { availableAt, isRespawning, readyWorkers } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { deadline } from './overdue.ts';
import { nextShedAt } from './shed.ts';
import { lastWait } from './shutdown.ts';

/** The time of the next deadline; Infinity: there is none. */
export function nextWakeAt(fleet: Fleet): number {
  return deadlines(fleet).reduce((next, time) => (time > fleet.now && time < next ? time : next), Infinity);
}

function deadlines(fleet: Fleet): readonly number[] {
  const { phase, policy, slots, workers } = fleet;
  if (phase.name === 'stopped') return [];
  return [
    ...workers.map((worker) => deadline(worker, policy)),
    ...(isRespawning(fleet) ? readyWorkers(fleet).map((worker) => availableAt(fleet, worker)) : []),
    ...(isRespawning(fleet) ? slots.map(({ backoff }) => backoff.notBefore) : []),
    nextShedAt(fleet),
    ...(phase.name === 'leaving' ? [phase.drainAt] : []),
    ...(phase.name === 'stopping' ? [lastWait(fleet)] : []),
  ];
}
