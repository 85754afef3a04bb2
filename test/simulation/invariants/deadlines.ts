// How long the fleet waits for a worker, and for its own next step.
import { step } from '../../../src/fleet/step.ts';
import { nextWakeAt } from '../../../src/fleet/wake.ts';
import type { Worker } from '../../../src/fleet/worker.ts';
import { readingMs } from '../primary.ts';
import { latencyMs } from '../process.ts';
import type { Invariant, View } from './invariant.ts';

export const deadlines: readonly Invariant[] = [
  {
    name: 'no worker stays past a deadline',
    step: ({ ledger, world }) => {
      const { boot, watchdog } = world.policy;
      if (ledger.phase === 'stopped') return null;
      const late = [...ledger.workers.values()].find((worker) => {
        switch (worker.state) {
          case 'booting':
            return !worker.isDebugged && ledger.now >= worker.forkedAt + boot.timeoutMs;
          case 'ready':
            return (
              !worker.isDebugged && watchdog !== false && ledger.now >= worker.heardAt + watchdog.timeoutMs
            );
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
    name: 'no healthy worker is killed, however long the primary sleeps',
    command: (view, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'worker-killed') return null;
      const { worker } = command.announcement;
      return isJustified(view, worker) ? null : `#${worker.id} was healthy`;
    },
  },
  {
    name: 'a worker in which a debugger is open is never late',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'worker-killed') return null;
      const { worker, cause } = command.announcement;
      const isLate = cause === 'boot-timeout' || cause === 'watchdog';
      return isLate && ledger.workers.get(worker.id)?.isDebugged === true
        ? `#${worker.id} was stopped`
        : null;
    },
  },
  {
    name: 'a worker that speaks another version of the protocol is killed at once',
    step: ({ ledger, moment: { events } }) => {
      const incompatible = events.filter(({ type }) => type === 'worker-incompatible');
      const spared = ledger
        .active()
        .find(({ id }) => incompatible.some((event) => 'worker' in event && event.worker === id));
      return spared === undefined ? null : `#${spared.id} is not killed`;
    },
  },
  {
    name: 'the next wake-up is in the future, and not later than the next thing to do',
    step: ({ moment: { after, now } }) => {
      const wakeAt = nextWakeAt(after);
      if (wakeAt <= now) return `next wake-up at ${wakeAt}`;
      const before = Math.max(now, Math.min(wakeAt, now + 1_000_000) - 0.001);
      const [, [first]] = step(after, [], { now: before, random: () => 0.5 });
      return first === undefined ? null : `at ${before}, before ${wakeAt}, there is a ${first.type} to do`;
    },
  },
];

/** Does the true state of this process, which the primary does not see, justify a kill? */
function isJustified({ ledger, world }: View, killed: Worker): boolean {
  if (killed.state !== 'killing') return false;
  const process = world.processes.get(killed.id);
  // It never was there, or its exit is on the way.
  if (process === undefined || process.state === 'gone') return true;
  const { boot, watchdog } = world.policy;
  switch (killed.cause) {
    case 'boot-timeout':
      return process.readyAt - process.forkedAt >= boot.timeoutMs - latencyMs - readingMs;
    case 'watchdog':
      if (watchdog === false) return false;
      return (
        process.isFrozen ||
        process.isDisconnected ||
        ledger.now - process.thawedAt < watchdog.timeoutMs + readingMs
      );
    case 'drain-timeout':
      // A disconnected process does not receive its deadline.
      return (
        process.ignoresDrain ||
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
