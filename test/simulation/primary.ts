// The primary of the fake world: it holds the fleet, keeps awake time, and wakes when the fleet asks for it.
import type { Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { step } from '../../src/fleet/step.ts';
import { nextWakeAt } from '../../src/fleet/wake.ts';
import type { Agenda } from './agenda.ts';
import { between } from './random.ts';
import type { Random } from './random.ts';

/** Awake time advances by at most so much while the primary does not run. */
export const tickMs = 1_000;

/** A timer is late by at most so much. */
export const latenessMs = 3;

/** One step of the fleet. */
export interface Moment {
  /** Awake time. */
  readonly now: number;
  readonly event: FleetEvent;
  readonly before: Fleet;
  readonly after: Fleet;
  readonly commands: readonly Command[];
}

export class Primary {
  fleet: Fleet;
  /** When its timer fires, by real time. */
  timerAt = 0;
  /** What arrived while it was asleep; null: it is awake. */
  #inbox: FleetEvent[] | null = null;
  /** How much real time was slept through. */
  #sleptMs = 0;
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #obey: (moment: Moment) => void;

  constructor(fleet: Fleet, agenda: Agenda, random: Random, obey: (moment: Moment) => void) {
    this.fleet = fleet;
    this.#agenda = agenda;
    this.#random = random;
    this.#obey = obey;
  }

  get now(): number {
    return this.#agenda.now - this.#sleptMs;
  }

  get isAsleep(): boolean {
    return this.#inbox !== null;
  }

  hear(event: FleetEvent): void {
    if (this.#inbox !== null) this.#inbox.push(event);
    else this.#step(event);
  }

  /** SIGSTOP, or the lid of a laptop. */
  sleep(ms: number): void {
    if (this.#inbox !== null) return;
    this.#inbox = [];
    this.timerAt = Infinity;
    this.#agenda.after(ms, () => {
      const inbox = this.#inbox ?? [];
      this.#inbox = null;
      this.#sleptMs += Math.max(0, ms - tickMs);
      // Usually timers come before what has arrived meanwhile, so that a deadline may seem to be missed.
      const timersFirst = this.#random() < 0.7;
      if (timersFirst) this.#step({ type: 'time-passed' });
      for (const event of inbox) this.#step(event);
      if (!timersFirst) this.#step({ type: 'time-passed' });
    });
  }

  tick(): void {
    this.#agenda.now = Math.max(this.#agenda.now, this.timerAt);
    this.#step({ type: 'time-passed' });
  }

  #step(event: FleetEvent): void {
    const { now, fleet: before } = this;
    // Its process is no more.
    if (before.phase.name === 'stopped') return;
    const [after, commands] = step(before, event, { now, heardUntil: now, random: this.#random });
    this.fleet = after;
    this.timerAt = nextWakeAt(after) + this.#sleptMs + between(this.#random, 0, latenessMs);
    this.#obey({ now, event, before, after, commands });
  }
}
