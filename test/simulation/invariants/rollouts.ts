// How rollouts end.
import type { Announcement } from '../../../src/fleet/command.ts';
import { latencyMs } from '../process.ts';
import type { Invariant } from './invariant.ts';

export const rollouts: readonly Invariant[] = [
  {
    name: 'a rollout aborts when, and only when, its release fails, or the fleet is to stop',
    step: ({ ledger }) => {
      const expected = ledger.verdict.aborts;
      if (expected !== null && !ledger.aborts.includes(expected)) return `generation ${expected} goes on`;
      const unexpected = ledger.aborts.find((id) => id !== expected);
      return unexpected !== undefined && ledger.isServing ? `generation ${unexpected} was aborted` : null;
    },
  },
  {
    name: 'nobody gives up while a release may still show that it works',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'rollout-aborted') return null;
      const { generation, reason } = command.announcement;
      const isGivenUp = reason === 'stopping' && ledger.verdict.ends === 'gave-up';
      return isGivenUp ? `generation ${generation} had not failed` : null;
    },
  },
  {
    name: 'a rollout is completed when every slot is filled by a proven worker of it, and no old one serves',
    step: ({ ledger }) => {
      const isDone =
        ledger.slots.every((_, slot) => ledger.current(slot).some((worker) => ledger.isAvailable(worker))) &&
        ledger.staying().every((worker) => !ledger.isOld(worker));
      if (ledger.completions.length > 0 && !isDone) return 'it is not done';
      return ledger.isServing && isDone && ledger.target !== ledger.stable ? 'it is done' : null;
    },
  },
  {
    name: 'no rollout is completed with a worker that was dead before it was proven, however late that is read',
    step: ({ ledger, world }) => {
      if (ledger.completions.length === 0) return null;
      const { minReadyMs } = world.policy.rollout;
      const dead = ledger
        .reliable()
        .find(({ id, readyAt }) => (world.processes.get(id)?.goneAt ?? 0) < readyAt + minReadyMs - latencyMs);
      return dead === undefined ? null : `#${dead.id} was dead`;
    },
  },
  {
    name: 'every rollout has one outcome: completed, aborted or superseded',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce') return null;
      const { announcement } = command;
      if (announcement.type === 'rollout-started') {
        const isAsked = ledger.isServing && announcement.to.id === ledger.target;
        return isAsked ? null : `nobody asked for generation ${announcement.to.id}`;
      }
      const id = ended(announcement);
      return id === null || ledger.rolling.has(id) ? null : `generation ${id} is not rolling out`;
    },
    step: ({ ledger }) => {
      const rolling = ledger.target === ledger.stable || !ledger.isServing ? [] : [ledger.target];
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
