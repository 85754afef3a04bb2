// When and what is forked.
import type { Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const forks: readonly Invariant[] = [
  {
    name: 'a fork is for a slot that lacks a worker, in its time, with a new id',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      if (!ledger.isRespawning) return `a fork while ${ledger.phase}`;
      if (command.worker <= ledger.lastWorker) return `#${command.worker} once more`;
      if (command.slot >= ledger.size) return `there is no slot ${command.slot}`;
      const isStopgap = ledger.isStranded && command.generation.id === ledger.stable;
      const rivals = isStopgap
        ? ledger
            .staying()
            .filter(({ slot, generation }) => slot === command.slot && generation === ledger.stable)
        : ledger.isServing
          ? ledger.current(command.slot)
          : ledger.staying().filter(({ slot }) => slot === command.slot);
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
      const isStopgap = ledger.isStranded && id === ledger.stable;
      if (id !== ledger.target && !isStopgap) return `generation ${id}, while ${ledger.target} is target`;
      return entry === ledger.entries.get(id) ? null : `generation ${id} is not ${entry}`;
    },
  },
  {
    name: 'no slot is forgotten',
    step: ({ ledger, world }) => {
      if (!ledger.isServing || ledger.areEnoughBooting(ledger.target)) return null;
      const places = new Places(ledger, world.policy.rollout.maxSurge);
      const forgotten = ledger.slots.findIndex(
        ({ notBefore }, slot) =>
          notBefore <= ledger.now &&
          ledger.current(slot).length === 0 &&
          places.hasRoom(slot) &&
          (!ledger.isStranded || places.areLeft({ slot, generation: ledger.target })),
      );
      return forgotten === -1 ? null : `nobody is forked for slot ${forgotten}`;
    },
  },
  {
    name: 'until draining begins, a fleet that is leaving fills every slot that is empty, and replaces nobody',
    step: ({ ledger }) => {
      if (ledger.isServing || !ledger.isRespawning) return null;
      const empty = ledger.slots.findIndex(
        ({ notBefore }, slot) =>
          notBefore <= ledger.now && ledger.staying().every((worker) => worker.slot !== slot),
      );
      if (empty !== -1 && !ledger.areEnoughBooting(ledger.stable))
        return `nobody is forked for slot ${empty}`;
      const unknown = ledger
        .staying()
        .find(({ state, generation }) => state === 'booting' && generation !== ledger.stable);
      return unknown === undefined ? null : `#${unknown.id} boots what is not known to work`;
    },
  },
  {
    name: 'while nobody serves in a rollout, what is known to work boots wherever there is room',
    step: ({ ledger, world }) => {
      const { stable } = ledger;
      if (!ledger.isStranded || ledger.areEnoughBooting(stable)) return null;
      const places = new Places(ledger, world.policy.rollout.maxSurge);
      const forgotten = ledger.slots.findIndex(
        ({ stopgap }, slot) =>
          stopgap.notBefore <= ledger.now &&
          !ledger.staying().some((worker) => worker.slot === slot && worker.generation === stable) &&
          places.hasRoom(slot) &&
          places.areLeft({ slot, generation: stable }),
      );
      return forgotten === -1 ? null : `nobody who works is forked for slot ${forgotten}`;
    },
  },
  {
    name: 'while nobody serves in a rollout, both releases have a worker, or room for one',
    step: ({ ledger, world }) => {
      if (!ledger.isStranded) return null;
      const isPossible =
        ledger.staying().filter(({ state }) => state === 'booting').length > 0 && ledger.staying().length > 1;
      const areLeft = new Places(ledger, world.policy.rollout.maxSurge).areLeft();
      return areLeft || !isPossible ? null : 'one of them has none';
    },
  },
  {
    name: 'while nobody reliable serves in a rollout, what is known to work boots on, unless the other has no place',
    step: ({ ledger }) => {
      if (!ledger.isAtRisk) return null;
      const { drains, stable, size, target } = ledger;
      const staying = ledger.staying();
      const stopped = drains.filter(
        ({ worker, wasReady }) => !wasReady && worker.generation === stable && worker.slot < size,
      );
      const [lost] = stopped.filter(
        ({ worker: { slot } }) =>
          !staying.some((other) => other.slot === slot && other.generation === stable),
      );
      const isForTheOther =
        ledger.isStranded && staying.filter(({ generation }) => generation === target).length <= 1;
      return lost === undefined || isForTheOther ? null : `#${lost.worker.id} is stopped`;
    },
  },
  {
    name: 'early deaths of a slot are counted, and back off',
    step: ({ ledger, world }) => {
      const { maxEarlyExits, backoff } = world.policy.respawn;
      const expected = ledger.verdict.delays;
      if (expected.length !== ledger.delays.length) {
        return `${ledger.delays.length} delays, expected ${expected.length}`;
      }
      const wrong = ledger.delays.find(({ slot, earlyExits, delayMs }, index) => {
        if (slot !== expected[index]?.slot || earlyExits !== expected[index].earlyExits) return true;
        if (earlyExits >= maxEarlyExits) return delayMs !== backoff.maxMs;
        return delayMs > Math.min(backoff.maxMs, backoff.initialMs * 2 ** (earlyExits - 2));
      });
      return wrong === undefined
        ? null
        : `slot ${wrong.slot}: ${wrong.earlyExits} deaths, ${wrong.delayMs} ms`;
    },
  },
];

/** Where the two releases of a rollout can have workers. */
class Places {
  readonly #ledger: Ledger;
  readonly #maxSurge: number;

  constructor(ledger: Ledger, maxSurge: number) {
    this.#ledger = ledger;
    this.#maxSurge = maxSurge;
  }

  hasRoom(slot: number, added: readonly Place[] = []): boolean {
    const staying = [...this.#ledger.staying(), ...added];
    const taken = new Set(staying.map((worker) => worker.slot).filter((its) => its < this.#ledger.size));
    return !taken.has(slot) || staying.length - taken.size < this.#maxSurge;
  }

  /** Does each have a worker, or room for one, if this one is added? */
  areLeft(...added: readonly Place[]): boolean {
    const { stable, slots, target } = this.#ledger;
    const staying = [...this.#ledger.staying(), ...added];
    const has = (generation: number): boolean => staying.some((worker) => worker.generation === generation);
    const rooms = [...slots.keys()].filter((slot) => this.hasRoom(slot, added));
    return (
      (has(target) || rooms.some((slot) => this.#ledger.current(slot).length === 0)) &&
      (has(stable) || rooms.length > 0)
    );
  }
}

interface Place {
  readonly slot: number;
  readonly generation: number;
}
