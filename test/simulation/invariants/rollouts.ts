// How rollouts end.
import type { Announcement } from '../../../src/fleet/command.ts';
import { readingMs } from '../primary.ts';
import { latencyMs } from '../process.ts';
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
        ({ reason, generation }) =>
          reason !== 'stopping' && !ledger.failures.some(({ worker }) => worker.generation === generation),
      );
      if (groundless !== undefined) return `generation ${groundless.generation} was aborted`;
      return ledger.aborts.some(({ reason }) => reason === 'stopping') && ledger.isServing
        ? 'aborted for a stop that was not requested'
        : null;
    },
  },
  {
    name: 'an abort names the worker that failed',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'rollout-aborted') return null;
      const { generation, reason, worker } = command.announcement;
      if (reason === 'stopping') return worker === null ? null : `#${worker.id}, for a stop`;
      const isNamed = ledger.failures.some((failure) => failure.worker.id === worker?.id);
      return isNamed && worker?.generation === generation ? null : `#${worker?.id}`;
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
        const wasRequested = ledger.entries.get(announcement.to.id) === announcement.to.entry;
        return wasRequested ? null : `generation ${announcement.to.id} was not requested`;
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
