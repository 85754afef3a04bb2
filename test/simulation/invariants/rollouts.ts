// How rollouts end.
import type { Announcement } from '../../../src/fleet/command.ts';
import { readingMs } from '../primary.ts';
import { latencyMs } from '../process.ts';
import type { Failure, Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const rollouts: readonly Invariant[] = [
  {
    name: 'a rollout aborts when a successor fails that was not available, and only when its release fails, or the fleet is to stop',
    step: ({ ledger }) => {
      if (ledger.targetBefore === ledger.stable && ledger.aborts.length === 0) return null;
      const failed = ledger.failures.filter(({ worker }) => worker.generation === ledger.targetBefore);
      const early = failed.find(({ worker }) => !ledger.isAvailable(worker));
      const isOver = ledger.aborts.some(({ generation }) => generation === ledger.targetBefore);
      const wasAsked = ledger.targetBefore !== ledger.stable && ledger.rolling.has(ledger.targetBefore);
      if (early !== undefined && wasAsked && !isOver && ledger.isServing)
        return `#${early.worker.id} has failed`;
      const groundless = ledger.aborts.find(
        ({ reason, worker }) =>
          reason !== 'stopping' &&
          !failed.some((failure) => failure.worker.id === worker?.id && isAgainstRelease(ledger, failure)),
      );
      if (groundless !== undefined) return `generation ${groundless.generation} was aborted`;
      return ledger.aborts.some(({ reason }) => reason === 'stopping') && ledger.isServing
        ? 'aborted for a stop that was not requested'
        : null;
    },
  },
  {
    name: 'a rollout is completed when every slot has an available worker of it, and no old one is active',
    step: ({ ledger }) => {
      const isDone =
        ledger.slots.every((slot) => ledger.hasSuccessor(slot)) &&
        ledger.active().every((worker) => !ledger.isOld(worker));
      if (ledger.completions.length > 0 && !isDone) return 'it is not done';
      return ledger.isServing && isDone && ledger.isRolling ? 'it is done' : null;
    },
  },
  {
    name: 'no rollout is completed with a worker that exited before it was available, however late that is read',
    step: ({ ledger, world }) => {
      if (ledger.completions.length === 0) return null;
      const { minReadyMs } = world.policy.rollout;
      const gone = ledger
        .available()
        .find(
          ({ id, readyAt }) =>
            (world.processes.get(id)?.goneAt ?? 0) < readyAt + minReadyMs - latencyMs - readingMs,
        );
      return gone === undefined ? null : `#${gone.id} had exited`;
    },
  },
  {
    name: 'every rollout has one outcome: completed, aborted or superseded',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce') return null;
      const { announcement } = command;
      if (announcement.type === 'rollout-started') {
        return ledger.generations.has(announcement.to.id)
          ? null
          : `generation ${announcement.to.id} was not requested`;
      }
      const id = ended(announcement);
      return id === null || ledger.rolling.has(id) ? null : `generation ${id} is not rolling out`;
    },
    step: ({ ledger }) => {
      const rolling = !ledger.isRolling || !ledger.isServing ? [] : [ledger.target];
      return [...ledger.rolling].join() === rolling.join() ? null : `rolling: ${[...ledger.rolling].join()}`;
    },
  },
];

/** An available worker that crashes speaks against its release only in its own slot, and only if that happens too often there. */
function isAgainstRelease(ledger: Ledger, { worker, release, earlyExits }: Failure): boolean {
  if (!ledger.isAvailable(worker)) return true;
  if (release === null) return false;
  // It exited before it was known to be available, or while its successor is counted instead.
  if (release !== worker.generation || ledger.isRetiring(worker)) return true;
  return (earlyExits ?? 0) >= ledger.policy.respawn.maxEarlyExits;
}

function ended(announcement: Announcement): number | null {
  switch (announcement.type) {
    case 'rollout-completed':
    case 'rollout-aborted':
    case 'rollout-superseded':
      return announcement.generation;
    default:
      return null;
  }
}
