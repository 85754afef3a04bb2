// For how long somebody, or something, is waited for.
import { step } from '../../../src/fleet/step.ts';
import { nextWakeAt } from '../../../src/fleet/wake.ts';
import type { Worker } from '../../../src/fleet/worker.ts';
import { latencyMs } from '../process.ts';
import type { Invariant, View } from './invariant.ts';

export const patience: readonly Invariant[] = [
  {
    name: 'nobody outstays a deadline',
    step: ({ ledger, world }) => {
      const { boot, watchdog } = world.policy;
      if (ledger.phase === 'stopped') return null;
      const late = [...ledger.workers.values()].find((worker) => {
        switch (worker.state) {
          case 'booting':
            return ledger.heardUntil >= worker.forkedAt + boot.timeoutMs;
          case 'ready':
            return watchdog !== false && ledger.heardUntil >= worker.heardAt + watchdog.timeoutMs;
          case 'leaving':
            return ledger.now >= worker.leaveBy;
          case 'killed':
            return false;
        }
      });
      return late === undefined ? null : `#${late.id} is still ${late.state}`;
    },
  },
  {
    name: 'nobody is killed who deserves to live, however long the primary sleeps',
    command: (view, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'worker-killed') return null;
      const { worker } = command.announcement;
      return deservesDeath(view, worker) ? null : `#${worker.id} was well`;
    },
  },
  {
    name: 'a worker that speaks another protocol is killed at once',
    step: ({ ledger, moment: { event } }) => {
      if (event.type !== 'worker-incompatible') return null;
      const worker = ledger.workers.get(event.worker);
      return worker?.state === 'booting' || worker?.state === 'ready' ? `#${worker.id} lives` : null;
    },
  },
  {
    name: 'the fleet looks again in time, and not at once',
    step: ({ moment: { after, now, heardUntil } }) => {
      const wakeAt = nextWakeAt(after);
      if (wakeAt <= heardUntil) return `next look at ${wakeAt}`;
      const before = Math.max(heardUntil, Math.min(wakeAt, now + 1_000_000) - 0.001);
      const [, [first]] = step(
        after,
        { type: 'time-passed', heard: new Map() },
        { now: Math.max(now, before), heardUntil: before, random: () => 0.5 },
      );
      return first === undefined ? null : `at ${before}, before ${wakeAt}, there is a ${first.type} to do`;
    },
  },
];

/** Does the truth about this process, which the primary does not see, justify a kill? */
function deservesDeath({ ledger, world }: View, killed: Worker): boolean {
  if (killed.state !== 'killing') return false;
  const process = world.processes.get(killed.id);
  // It never was there, or its exit is on the way.
  if (process === undefined || process.state === 'gone') return true;
  const { boot, watchdog } = world.policy;
  switch (killed.cause) {
    case 'boot-timeout':
      return process.readyAt - process.forkedAt >= boot.timeoutMs - latencyMs;
    case 'watchdog':
      if (watchdog === false) return false;
      return process.isFrozen || process.isDisconnected || ledger.now - process.thawedAt < watchdog.timeoutMs;
    case 'drain-timeout':
      // One that is disconnected does not hear how long it may take.
      return (
        process.isDeaf ||
        process.isFrozen ||
        process.isDisconnected ||
        process.thawedAt >= process.askedToLeaveAt
      );
    case 'incompatible':
      return process.health === 'incompatible';
    case 'forced':
      return ledger.forcedAt <= ledger.now;
  }
}
