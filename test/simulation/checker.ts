// Watches a history, and stops it where an invariant does not hold.
import type { Command } from '../../src/fleet/command.ts';
import { invariants } from './invariants/all.ts';
import { Ledger } from './ledger.ts';
import type { Moment } from './primary.ts';
import type { Observer } from './telling.ts';
import type { World } from './world.ts';

/** An invariant does not hold. */
export class Breach extends Error {
  override readonly name = 'Breach';
  readonly invariant: string;

  constructor(invariant: string, found: string) {
    super(`${invariant}\n  found: ${found}`);
    this.invariant = invariant;
  }
}

export class Checker implements Observer {
  readonly #world: World;
  readonly #ledger: Ledger;
  #isQuiet = false;

  constructor(world: World) {
    const { policy, slots, target } = world.primary.fleet;
    this.#world = world;
    this.#ledger = new Ledger(policy, slots.length, target);
  }

  step(moment: Moment): void {
    const ledger = this.#ledger;
    const view = { ledger, moment, world: this.#world };
    ledger.begin(moment.now);
    for (const event of moment.events) {
      ledger.hear(event);
      if (event.type === 'stop-requested') this.#isQuiet = false;
    }
    ledger.heard();
    for (const command of moment.commands) {
      this.#watch(command);
      for (const { name, command: check } of invariants) {
        const found = check?.(view, command) ?? null;
        if (found !== null) throw new Breach(name, found);
      }
      ledger.obey(command);
    }
    ledger.end();
    for (const { name, step: check } of invariants) {
      const found = check?.(view) ?? null;
      if (found !== null) throw new Breach(name, found);
    }
  }

  recovered(): void {
    const found = this.#ledger.phase === 'stopped' ? null : notAtTarget(this.#ledger);
    if (found !== null) throw new Breach('once the trouble stops, the fleet reaches its target', found);
    this.#isQuiet = true;
  }

  endured(): void {
    const { isServing, isRolling, target } = this.#ledger;
    if (!isServing || !isRolling) return;
    throw new Breach(
      'a rollout ends, even if its release is never mended',
      `generation ${target} is still rolling out`,
    );
  }

  ended(): void {
    if (this.#ledger.phase !== 'stopped') throw new Breach('a shutdown ends', `it is ${this.#ledger.phase}`);
  }

  #watch(command: Command): void {
    if (!this.#isQuiet || command.type === 'announce') return;
    // A worker that drained already may still have been the leader, and a next one has to wait for it.
    if (command.type === 'elect') return;
    // Clients may be anywhere by then.
    if (command.type === 'shed') return;
    // Workers that drained already may still have to be killed.
    if (command.type === 'kill' && this.#ledger.workers.get(command.worker)?.state === 'leaving') return;
    throw new Breach('a fleet that has reached its target is left alone', `a ${command.type}`);
  }
}

function notAtTarget(ledger: Ledger): string | null {
  if (!ledger.isServing) return `it is ${ledger.phase}`;
  if (ledger.isRolling) return `generation ${ledger.target} is still rolling out`;
  const empty = ledger.slots.find(
    (slot) => !ledger.inSlot(slot).some((worker) => worker.state === 'ready' && !ledger.isOld(worker)),
  );
  if (empty !== undefined) return `slot ${empty} has no worker that is ready and current`;
  const extra = ledger.active().length - ledger.size;
  return extra === 0 ? null : `${extra} workers too many`;
}
