// When and what is forked.
import type { Invariant } from './invariant.ts';

export const forks: readonly Invariant[] = [
  {
    name: 'a fork is for a slot that lacks a worker, in its time, with a new id',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      if (!ledger.isServing) return `a fork while ${ledger.phase}`;
      if (command.worker <= ledger.lastWorker) return `#${command.worker} once more`;
      if (command.slot >= ledger.size) return `there is no slot ${command.slot}`;
      const isStopgap = ledger.isStranded && command.generation.id === ledger.settled;
      const rivals = isStopgap
        ? ledger
            .staying()
            .filter(({ slot, generation }) => slot === command.slot && generation === ledger.settled)
        : ledger.current(command.slot);
      if (rivals.length > 0) return `slot ${command.slot} has a worker`;
      const patience = ledger.slots[command.slot];
      const notBefore = (isStopgap ? patience?.stopgap : patience)?.notBefore ?? 0;
      return ledger.now < notBefore ? `slot ${command.slot} must wait until ${notBefore}` : null;
    },
  },
  {
    name: 'every fork is of what is wanted, or, while nobody serves, of what is known to work; never of what was aborted',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      const { id, entry } = command.generation;
      if (ledger.aborted.has(id)) return `generation ${id} was aborted`;
      const isStopgap = ledger.isStranded && id === ledger.settled;
      if (id !== ledger.wanted && !isStopgap) return `generation ${id}, while ${ledger.wanted} is wanted`;
      return entry === ledger.entries.get(id) ? null : `generation ${id} is not ${entry}`;
    },
  },
  {
    name: 'no slot is forgotten',
    step: ({ ledger, world }) => {
      if (!ledger.isServing) return null;
      const staying = ledger.staying();
      const taken = new Set(staying.filter(({ slot }) => slot < ledger.size).map(({ slot }) => slot));
      const hasRoom = staying.length - taken.size < world.policy.rollout.maxSurge;
      const forgotten = ledger.slots.findIndex(
        ({ notBefore }, slot) =>
          notBefore <= ledger.now && ledger.current(slot).length === 0 && (hasRoom || !taken.has(slot)),
      );
      return forgotten === -1 ? null : `nobody is forked for slot ${forgotten}`;
    },
  },
  {
    name: 'while nobody serves, what is known to work boots wherever there is room beside one of the new release',
    step: ({ ledger, world }) => {
      if (!ledger.isStranded) return null;
      const { drains, settled, slots, wanted } = ledger;
      const staying = ledger.staying();
      const boots = (slot: number): boolean =>
        staying.some((worker) => worker.slot === slot && worker.generation === settled);
      const trials = staying.filter(({ generation }) => generation === wanted);
      const taken = new Set(staying.filter(({ slot }) => slot < ledger.size).map(({ slot }) => slot));
      const hasRoom = staying.length - taken.size < world.policy.rollout.maxSurge;
      if (trials.length === 0 && !hasRoom && taken.size === ledger.size) return 'no room for the new release';
      // Where there is no room for both, one gives way to the only one of the new release.
      const gaveWay = hasRoom ? undefined : trials.length === 1 ? trials[0]?.slot : undefined;
      const stopped = drains.find(
        ({ worker, wasReady }) =>
          !wasReady && worker.generation === settled && worker.slot < ledger.size && !boots(worker.slot),
      );
      if (stopped !== undefined && stopped.worker.slot !== gaveWay) return `#${stopped.worker.id} is stopped`;
      const mayBoot = (slot: number): boolean => {
        if (!hasRoom && taken.has(slot)) return false;
        // One place is kept for the new release.
        const places = new Set([...taken, slot]);
        const surge = staying.length + 1 - places.size;
        return trials.length > 0 || places.size < ledger.size || surge < world.policy.rollout.maxSurge;
      };
      const forgotten = slots.findIndex(
        ({ stopgap }, slot) => stopgap.notBefore <= ledger.now && !boots(slot) && mayBoot(slot),
      );
      return forgotten === -1 ? null : `nobody who works is forked for slot ${forgotten}`;
    },
  },
  {
    name: 'early deaths of a slot are counted, and back off',
    step: ({ ledger, world }) => {
      const { maxEarlyDeaths, backoff } = world.policy.respawn;
      const expected = ledger.verdict.delays;
      if (expected.length !== ledger.delays.length) {
        return `${ledger.delays.length} delays, expected ${expected.length}`;
      }
      const wrong = ledger.delays.find(({ slot, earlyDeaths, delayMs }, index) => {
        if (slot !== expected[index]?.slot || earlyDeaths !== expected[index].earlyDeaths) return true;
        if (earlyDeaths >= maxEarlyDeaths) return delayMs !== backoff.maxMs;
        return delayMs > Math.min(backoff.maxMs, backoff.initialMs * 2 ** (earlyDeaths - 2));
      });
      return wrong === undefined
        ? null
        : `slot ${wrong.slot}: ${wrong.earlyDeaths} deaths, ${wrong.delayMs} ms`;
    },
  },
];
