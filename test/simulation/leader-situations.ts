// Situations of the leader that at least one history of a run must have.
import type { FleetEvent } from '../../src/fleet/event.ts';
import { findWorker, readyWorkers } from '../../src/fleet/fleet.ts';
import { isActive } from '../../src/fleet/worker.ts';
import type { Moment } from './primary.ts';

interface Happening extends Moment {
  /** Undefined: nothing but time. */
  readonly event: FleetEvent | undefined;
}

export const leaderSituations: Readonly<Record<string, (happening: Happening) => boolean>> = {
  'the leader crashes': ({ event, before }) => {
    if (event?.type !== 'worker-exited' || event.worker !== before.leader) return false;
    const worker = findWorker(before, event.worker);
    return worker !== undefined && isActive(worker);
  },
  'the leader steps down, and drains on': ({ event, before }) =>
    event?.type === 'leader-stepped-down' && event.worker === before.leader,
  'the leader exits before it has stepped down': ({ event, before }) =>
    event?.type === 'worker-exited' &&
    event.worker === before.leader &&
    findWorker(before, event.worker)?.state === 'draining',
  'the leader is killed, and does not exit yet': ({ after }) =>
    after.leader !== null && findWorker(after, after.leader)?.state === 'killing',
  'the channel of the leader is closed': ({ event, before }) =>
    event?.type === 'worker-disconnected' && event.worker === before.leader,
  'other workers are ready, and wait for the old leader': ({ after }) =>
    after.leader !== null &&
    findWorker(after, after.leader)?.state === 'draining' &&
    readyWorkers(after).length > 0,
};
