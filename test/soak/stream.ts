// Starts the troubles, one after another or two at once, and counts them.
import { setTimeout } from 'node:timers/promises';
import { perform, turnOf } from './perform.ts';
import type { Sharing } from './perform.ts';
import { plan } from './plan.ts';
import { resizeToStart } from './primary-troubles.ts';
import type { Stage } from './stage.ts';
import { nameOf } from './trouble.ts';
import type { Trouble } from './trouble.ts';

export class Stream {
  /** How many of each, by name. */
  readonly counts = new Map<string, number>();
  /** Troubles that could not be carried out, or did not have the effect that they must have. */
  readonly faults: string[] = [];
  readonly #stage: Stage;
  readonly #running = new Set<Promise<void>>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Runs until that time, or the first fault, and then until the last trouble is over. */
  async run(seed: number, until: number): Promise<void> {
    for (const { waitMs, troubles } of plan(seed)) {
      await setTimeout(waitMs);
      if (this.#stage.life.isOver) this.faults.push('the primary exited by itself');
      if (Date.now() >= until || this.faults.length > 0) break;
      for (const trouble of troubles) {
        this.counts.set(nameOf(trouble), (this.counts.get(nameOf(trouble)) ?? 0) + 1);
        if (trouble.type === 'kill-primary') await this.#killPrimary(trouble);
        else this.#begin(trouble);
      }
    }
    await this.#idle();
  }

  /** Only a trouble with the same turn waits for it. */
  #begin(trouble: Sharing): void {
    const turn = turnOf(trouble);
    const before = (turn === null ? undefined : this.#turns.get(turn)) ?? Promise.resolve();
    const done = before
      .then(() => this.#guard(trouble, () => perform(trouble, this.#stage)))
      .finally(() => this.#running.delete(done));
    if (turn !== null) this.#turns.set(turn, done);
    this.#running.add(done);
  }

  /** Alone: a stopped worker, or a broken release behind the link, would make another trouble of it. */
  async #killPrimary(trouble: Extract<Trouble, { type: 'kill-primary' }>): Promise<void> {
    await this.#idle();
    await this.#guard(trouble, async () => {
      if (trouble.atRest) await rest(this.#stage);
      await this.#stage.replacePrimary();
    });
  }

  async #guard(trouble: Trouble, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.faults.push(`${nameOf(trouble)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** Waits until nothing is under way, with as many workers as at the start, and audits the primary. */
export async function rest(stage: Stage): Promise<void> {
  await resizeToStart(stage);
  await stage.life.settled();
  await stage.life.audit();
}
