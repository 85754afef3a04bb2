// The primary of the fake world: it holds the fleet, keeps awake time, and wakes when the fleet asks for it.
import type { Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { step } from '../../src/fleet/step.ts';
import { nextWakeAt } from '../../src/fleet/wake.ts';
import type { Agenda } from './agenda.ts';
import { between } from './random.ts';
import type { Random } from './random.ts';

/** It looks at least this often. */
const tickMs = 500;

/** Awake time advances by at most so much while the primary does not run. */
export const mostAwakeMs = 2 * tickMs;

/** A timer is late by at most so much. */
export const latenessMs = 3;

/** When its timer has fired, what has arrived by then is read first: that takes at most so long. */
export const readingMs = 40;

/** One step of the fleet. */
export interface Moment {
  /** Awake time. */
  readonly now: number;
  /** What had arrived by then, in awake time, has been read. */
  readonly heardUntil: number;
  readonly event: FleetEvent;
  readonly before: Fleet;
  readonly after: Fleet;
  readonly commands: readonly Command[];
}

export class Primary {
  fleet: Fleet;
  /** When its timer fires, by real time. */
  timerAt = 0;
  /** For how long, in all, it did not get to read. */
  busyMs = 0;
  #heardUntil = 0;
  /** When who was heard since the last look. */
  #heard = new Map<number, number>();
  /** What is to be done when it reads again; null: it reads. */
  #inbox: (() => void)[] | null = null;
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

  get isAbsent(): boolean {
    return this.#inbox !== null;
  }

  hear(event: FleetEvent): void {
    this.#onceReading(() => this.#step(event));
  }

  /** A sign of life of a worker. */
  note(worker: number): void {
    this.#onceReading(() => this.#heard.set(worker, this.now));
  }

  /** SIGSTOP, or the lid of a laptop. */
  sleep(ms: number): void {
    if (this.#inbox !== null) return;
    this.#inbox = [];
    this.timerAt = Infinity;
    this.#agenda.after(ms, () => {
      this.#sleptMs += Math.max(0, ms - mostAwakeMs);
      // Usually timers come before what has arrived meanwhile.
      const timersFirst = this.#random() < 0.7;
      if (timersFirst) this.#look();
      this.#read();
      if (!timersFirst) this.#look();
    });
  }

  /** Its timers fire, and it knows how late it is; but it does not get to read for that long. */
  beBusy(ms: number): void {
    if (this.#inbox !== null) return;
    this.#inbox = [];
    this.busyMs += ms;
    this.#agenda.after(ms, () => this.#read());
  }

  tick(): void {
    this.#agenda.now = Math.max(this.#agenda.now, this.timerAt);
    this.#look();
  }

  /** Other events may come in between. */
  #look(): void {
    this.timerAt = Infinity;
    const { now } = this;
    this.#agenda.after(between(this.#random, 0, readingMs), () =>
      this.#onceReading(() => {
        this.#heardUntil = Math.max(this.#heardUntil, now);
        const heard = this.#heard;
        this.#heard = new Map();
        this.#step({ type: 'time-passed', heard });
      }),
    );
  }

  #read(): void {
    const inbox = this.#inbox ?? [];
    this.#inbox = null;
    for (const run of inbox) run();
  }

  #onceReading(run: () => void): void {
    if (this.#inbox === null) run();
    else this.#inbox.push(run);
  }

  #step(event: FleetEvent): void {
    const { now, fleet: before } = this;
    const heardUntil = this.#heardUntil;
    // Its process is no more.
    if (before.phase.name === 'stopped') return;
    const [after, commands] = step(before, event, { now, heardUntil, random: this.#random });
    this.fleet = after;
    const wakeAt = Math.max(now, Math.min(nextWakeAt(after), heardUntil + tickMs));
    this.timerAt = wakeAt + this.#sleptMs + between(this.#random, 1, latenessMs);
    this.#obey({ now, heardUntil, event, before, after, commands });
  }
}
