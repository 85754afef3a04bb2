// What observers are told: everything that happens, once, and nothing else.
import { isDeepStrictEqual } from 'node:util';
import type { Announcement, Command } from '../../../src/fleet/command.ts';
import type { Failure, Ledger } from '../ledger.ts';
import { newsIn } from '../news.ts';
import type { Invariant } from './invariant.ts';

export const announcements: readonly Invariant[] = [
  {
    name: 'each event is announced once, as it was, in the order in which it was heard',
    step: ({ ledger, moment: { commands } }) => {
      const told = announced(commands)
        .map(newsIn)
        .filter((news) => news !== null);
      return difference(told, ledger.news);
    },
  },
  {
    name: 'each fork, drain, kill and election is announced, right after its command',
    step: ({ moment: { commands } }) => {
      const unsaid = commands.find((command, index) => !isSaid(command, commands[index + 1]));
      return unsaid === undefined ? null : unsaid.type;
    },
  },
  {
    name: 'the fleet is announced as ready when every slot has a ready worker, and had not before',
    step: ({ ledger, moment: { commands } }) => {
      const told = announced(commands).filter(({ type }) => type === 'fleet-ready').length;
      const due = Number(ledger.isFull && !ledger.wasFull);
      return told === due ? null : `announced ${told} times, expected ${due}`;
    },
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'fleet-ready') return null;
      const { size, generation, entry, cwd } = command.announcement;
      if (size !== ledger.size) return `${size} slots, expected ${ledger.size}`;
      const serving = new Set(ledger.ready().map((worker) => worker.generation));
      const expected = serving.has(ledger.target) ? ledger.target : ledger.stable;
      if (generation !== expected) return `generation ${generation}, expected ${expected}`;
      return isDeepStrictEqual({ id: generation, entry, cwd }, ledger.generations.get(generation))
        ? null
        : `generation ${generation} is not ${entry} in ${cwd}`;
    },
  },
  {
    name: 'the end of a rollout is told with how long it took, and in how many slots nothing else is ready',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce') return null;
      const { announcement } = command;
      if (announcement.type !== 'rollout-completed' && announcement.type !== 'rollout-aborted') return null;
      const { generation: id, entry, cwd, replaced, tookMs } = announcement;
      if (!isDeepStrictEqual({ id, entry, cwd }, ledger.generations.get(id))) return `${id} is not ${entry}`;
      const isReplaced = ledger.slots.filter((slot) => isFilledBy(ledger, slot, id)).length;
      if (replaced !== isReplaced) return `${replaced} replaced, expected ${isReplaced}`;
      const duration = ledger.now - ledger.targetSince;
      return tookMs === duration ? null : `it took ${tookMs} ms, expected ${duration}`;
    },
  },
  {
    name: 'an abort names the worker that failed, how, and the release that is the target again',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'rollout-aborted') return null;
      const { generation, reason, worker, error, backTo } = command.announcement;
      if (!isDeepStrictEqual(backTo, ledger.generations.get(ledger.stable))) return `back to ${backTo.id}`;
      if (reason === 'stopping')
        return worker === null && error === null ? null : `#${worker?.id}, for a stop`;
      const failure = ledger.failures.find((failure) => failure.worker.id === worker?.id);
      if (failure?.worker.generation !== generation) return `#${worker?.id}`;
      if (reason !== reasonOf(failure)) return `${reason}, expected ${reasonOf(failure)}`;
      return failure.error === null || failure.error === error ? null : `not its error: ${error?.message}`;
    },
  },
  {
    name: 'the fleet tells that it is about to stop, and that it stops, and why',
    step: ({ ledger, moment: { commands } }) => {
      const told = announced(commands)
        .map(({ type }) => type)
        .filter((type) => type === 'fleet-leaving' || type === 'fleet-stopping');
      const due: string[] = [];
      if (ledger.phaseBefore !== ledger.phase) {
        if (ledger.phase === 'leaving') due.push('fleet-leaving');
        // Two steps may be of the same instant.
        if (ledger.phaseBefore !== 'stopping' && ledger.stoppingAt === ledger.now) due.push('fleet-stopping');
      }
      return difference(told, due);
    },
    command: ({ ledger }, command) => {
      if (command.type !== 'announce') return null;
      const { announcement } = command;
      if (announcement.type === 'fleet-leaving') {
        const { delayMs } = ledger.policy.shutdown;
        return announcement.delayMs === delayMs ? null : `${announcement.delayMs} ms, expected ${delayMs}`;
      }
      if (announcement.type !== 'fleet-stopping') return null;
      const { reason, error } = announcement.ending;
      if (reason !== 'boot-failed' && reason !== 'gave-up')
        return error === null ? null : `${reason}: ${error.message}`;
      const isOfFailure = ledger.failures.some(
        (failure) => failure.error === null || failure.error === error,
      );
      return isOfFailure ? null : `${reason}: not the error of a worker that has failed`;
    },
  },
];

function announced(commands: readonly Command[]): readonly Announcement[] {
  return commands.flatMap((command) => (command.type === 'announce' ? [command.announcement] : []));
}

function difference(told: readonly string[], due: readonly string[]): string | null {
  return told.join() === due.join() ? null : `told: ${told.join(', ')}; expected: ${due.join(', ')}`;
}

function isSaid(command: Command, next: Command | undefined): boolean {
  const announcement = next?.type === 'announce' ? next.announcement : undefined;
  switch (command.type) {
    case 'fork': {
      if (announcement?.type !== 'worker-forked') return false;
      const { id, slot, generation } = announcement.worker;
      return id === command.worker && slot === command.slot && generation === command.generation.id;
    }
    case 'drain':
      return (
        announcement?.type === 'worker-draining' &&
        announcement.worker.id === command.worker &&
        announcement.cause === command.cause
      );
    case 'kill':
      return announcement?.type === 'worker-killed' && announcement.worker.id === command.worker;
    case 'elect':
      return announcement?.type === 'leader-elected' && announcement.worker.id === command.worker;
    case 'shed':
      return (
        announcement?.type === 'connections-shed' &&
        announcement.worker.id === command.worker &&
        announcement.connections === command.connections
      );
    case 'leave':
    case 'release-sockets':
    case 'finish':
    case 'announce':
      return true;
  }
}

/** Does it have ready workers, and are they all of this generation? */
function isFilledBy(ledger: Ledger, slot: number, generation: number): boolean {
  const ready = ledger.inSlot(slot).filter(({ state }) => state === 'ready');
  return ready.length > 0 && ready.every((worker) => worker.generation === generation);
}

function reasonOf({ how, worker }: Failure): string {
  const wasBooting = worker.state === 'booting';
  switch (how) {
    case 'fork-failed':
    case 'incompatible':
      return how;
    case 'failing':
    case 'exited':
      return wasBooting ? 'boot-failed' : 'crashed';
    case 'timed-out':
      return wasBooting ? 'boot-timeout' : 'crashed';
  }
}
