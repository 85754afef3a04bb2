// When does the fleet have to look again, if nothing happens until then? Derived, so none can be forgotten.
import type { Fleet } from './fleet.ts';
import { availableAt, readyWorkers } from './fleet.ts';
import { isMissing } from './fork.ts';
import { deadline } from './overdue.ts';
import { lastWait } from './shutdown.ts';
import { isStopgapMissing } from './stopgap.ts';

/** The time of the next deadline; Infinity: there is none. It is past if workers are not heard until then yet. */
export function nextWakeAt(fleet: Fleet): number {
  const { heardUntil } = fleet;
  return deadlines(fleet).reduce((next, time) => (time > heardUntil && time < next ? time : next), Infinity);
}

function deadlines(fleet: Fleet): readonly number[] {
  const { phase, policy, workers } = fleet;
  const overdue = workers.map((worker) => deadline(worker, policy));
  switch (phase.name) {
    case 'stopped':
      return [];
    case 'leaving':
      return [...overdue, phase.drainAt, ...respawns(fleet)];
    case 'stopping':
      return [...overdue, lastWait(fleet)];
    case 'starting':
    case 'running': {
      const proven = readyWorkers(fleet).map((worker) => availableAt(fleet, worker));
      return [...overdue, ...proven, ...respawns(fleet)];
    }
  }
}

function respawns(fleet: Fleet): readonly number[] {
  const missing = fleet.slots.filter((_, slot) => isMissing(fleet, slot));
  const stopgaps = fleet.slots.filter((_, slot) => isStopgapMissing(fleet, slot));
  return [...missing.map(({ notBefore }) => notBefore), ...stopgaps.map(({ stopgap }) => stopgap.notBefore)];
}
