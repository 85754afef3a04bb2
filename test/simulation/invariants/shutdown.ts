// How a fleet stops.
import { latenessMs, mostAwakeMs, readingMs } from '../primary.ts';
import type { Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const shutdown: readonly Invariant[] = [
  {
    name: 'a fleet that is to stop says so to every ready worker, and serves on until the delay is over',
    command: ({ ledger, world }, command) => {
      if (ledger.phase !== 'leaving' || ledger.forcedAt <= ledger.now) return null;
      const isOver = ledger.now >= ledger.leavingAt + world.policy.shutdown.delayMs;
      const isGivenUp = ledger.stopReason === 'gave-up' || isHopeless(ledger);
      return command.type === 'release-sockets' && !isOver && !isGivenUp
        ? 'it closes the sockets early'
        : null;
    },
    step: ({ ledger, world }) => {
      if (ledger.phase !== 'leaving') return null;
      if (ledger.now >= ledger.leavingAt + world.policy.shutdown.delayMs) return 'the delay is over';
      const early = ledger.drains.find(({ wasReady }) => wasReady);
      if (early !== undefined) return `#${early.worker.id} drains already`;
      const untold = ledger.ready().find((worker) => !worker.isToldToLeave);
      return untold === undefined ? null : `#${untold.id} was not told`;
    },
  },
  {
    name: 'in a shutdown the sockets are closed once, before any worker is told to drain for it',
    command: ({ ledger }, command) => {
      if (command.type === 'release-sockets') return ledger.socketsReleased === 0 ? null : 'once more';
      if (command.type !== 'drain' || command.cause !== 'shutdown') return null;
      return ledger.socketsReleased === 1 ? null : `#${command.worker} drains first`;
    },
    step: ({ ledger }) =>
      (ledger.phase === 'stopping' || ledger.phase === 'stopped') === (ledger.socketsReleased === 1)
        ? null
        : `${ledger.socketsReleased} times while ${ledger.phase}`,
  },
  {
    name: 'a fleet that stops tells every worker',
    step: ({ ledger }) => {
      if (ledger.phase !== 'stopping') return null;
      const isForced = ledger.forcedAt <= ledger.now;
      const left = [...ledger.workers.values()].find(
        ({ state, isToldToStop }) => state !== 'killed' && (isForced || !isToldToStop),
      );
      return left === undefined ? null : `#${left.id} is ${left.state}`;
    },
  },
  {
    name: 'a shutdown ends in time',
    step: ({ ledger, world }) => {
      const { shutdown, closeMs } = world.policy;
      const drainedBy = Math.min(ledger.stoppingAt + shutdown.graceMs + closeMs, ledger.forcedAt);
      const end = drainedBy + closeMs + mostAwakeMs + latenessMs + readingMs + world.primary.busyMs;
      return ledger.now > end && ledger.phase !== 'stopped' ? `by ${end}` : null;
    },
  },
  {
    name: 'it finishes once, as its last command, with the right exit code',
    command: ({ ledger, world, moment }, command) => {
      if (ledger.phase === 'stopped') return `${command.type} after the end`;
      if (command.type !== 'finish') return null;
      const waits = [...ledger.workers.values()].find(
        ({ killedAt }) => ledger.now < killedAt + world.policy.closeMs,
      );
      if (waits !== undefined) return `#${waits.id} is still there`;
      const { exitCode, reason } = command.ending;
      if ((exitCode === 0) !== (reason === 'requested')) return `exit code ${exitCode}: ${reason}`;
      if (reason !== ledger.ending) return `${reason}, expected ${ledger.ending}`;
      return moment.after.phase.name === 'stopped' ? null : 'the fleet does not know';
    },
  },
  {
    name: 'it stops by itself only when the first boot fails, or when there is no hope',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'fleet-stopping') return null;
      const { reason } = command.announcement.ending;
      if (reason === 'boot-failed') {
        const isFirstBoot = ledger.phaseBefore === 'starting' && ledger.failures.length > 0;
        return isFirstBoot ? null : `boot-failed, while ${ledger.phaseBefore}`;
      }
      return reason !== 'gave-up' || isHopeless(ledger) ? null : 'gave-up, and there was hope';
    },
    step: ({ ledger }) =>
      isHopeless(ledger) &&
      ledger.aborts.length === 0 &&
      // A ready worker that is drained after the failure, since the policy can spare it, was hope enough.
      ledger.drains.every(({ wasReady }) => !wasReady) &&
      ledger.failures.some(
        ({ worker: { generation, slot } }) => generation === ledger.stable && slot < ledger.size,
      ) &&
      ledger.isRespawning
        ? 'it goes on without hope'
        : null,
  },
  {
    name: 'it does not give up while a release may still show that it works',
    command: ({ ledger }, command) =>
      command.type === 'announce' &&
      command.announcement.type === 'fleet-stopping' &&
      command.announcement.ending.reason === 'gave-up' &&
      ledger.targetBefore !== ledger.stable &&
      ledger.aborts.every(({ reason }) => reason === 'stopping')
        ? `generation ${ledger.targetBefore} had not failed`
        : null,
  },
];

/** Every slot fails at its slowest pace, and no worker is ready. */
function isHopeless(ledger: Ledger): boolean {
  return (
    !ledger.isRolling &&
    ledger.phase !== 'starting' &&
    ledger.ready().length === 0 &&
    ledger.slots.every((slot) => {
      const delay = ledger.earlyExits.delayOf(slot);
      return delay?.slowest === true && delay.generation === ledger.stable;
    })
  );
}
