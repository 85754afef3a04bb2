// The primary of the fake world: it holds the fleet, keeps awake time, reads everything that has arrived, and then steps.
import type { Command } from '../../src/fleet/command.ts';
import type { FleetEvent, Heartbeat } from '../../src/fleet/event.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { step } from '../../src/fleet/step.ts';
import { nextWakeAt } from '../../src/fleet/wake.ts';
import type { Agenda } from './agenda.ts';
import { between } from './random.ts';
import type { Random } from './random.ts';

/** It steps at least this often. */
const tickMs = 500;

/** Awake time advances by at most this while the primary does not run. */
export const mostAwakeMs = 2 * tickMs;

/** A timer is late by at most this. */
export const latenessMs = 3;

/** Before it steps, it reads what has arrived: that takes at most this long. */
export const readingMs = 40;

/** One step of the fleet. */
export interface Moment {
  /** Awake time, before what had arrived by then was read. */
  readonly now: number;
  readonly events: readonly FleetEvent[];
  readonly before: Fleet;
  readonly after: Fleet;
  readonly commands: readonly Command[];
}

export class Primary {
  fleet: Fleet;
  /** When its timer fires, in real time. */
  timerAt = 0;
  /** For how long, in total, it could not read. */
  busyMs = 0;
  /** What it has read since its last step. */
  #inbox: FleetEvent[] = [];
  /** The last heartbeat of each worker, since the last step. */
  #heard = new Map<number, Heartbeat>();
  #isReading = false;
  /** What it does as soon as it reads again; null: it reads. */
  #unread: (() => void)[] | null = null;
  /** How much real time passed while it slept. */
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
    return this.#unread !== null;
  }

  hear(event: FleetEvent): void {
    this.#onceReading(() => {
      this.#inbox.push(event);
      this.#read();
    });
  }

  /** A heartbeat of a worker. */
  note(worker: number, connections: number): void {
    this.#onceReading(() => this.#heard.set(worker, { at: this.now, connections }));
  }

  /** SIGSTOP, or the lid of a laptop. */
  sleep(ms: number): void {
    if (this.#unread !== null) return;
    this.#unread = [];
    this.timerAt = Infinity;
    this.#agenda.after(ms, () => {
      this.#sleptMs += Math.max(0, ms - mostAwakeMs);
      // Usually timers come before what has arrived meanwhile.
      const timersFirst = this.#random() < 0.7;
      if (timersFirst) this.#read();
      this.#catchUp();
      if (!timersFirst) this.#read();
    });
  }

  /** Its timers fire, and its clock goes on, but it cannot read for that long. */
  beBusy(ms: number): void {
    if (this.#unread !== null) return;
    this.#unread = [];
    this.busyMs += ms;
    this.#agenda.after(ms, () => this.#catchUp());
  }

  tick(): void {
    this.#agenda.now = Math.max(this.#agenda.now, this.timerAt);
    this.timerAt = Infinity;
    this.#read();
  }

  /** What arrives while it reads belongs to the step. If that takes long, it reads again, so that a step is never far behind. */
  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#readSince(this.now);
  }

  #readSince(now: number): void {
    this.#agenda.after(between(this.#random, 0, readingMs), () =>
      this.#onceReading(() => {
        if (this.now - now > readingMs) this.#readSince(this.now);
        else this.#step(now);
      }),
    );
  }

  #catchUp(): void {
    const unread = this.#unread ?? [];
    this.#unread = null;
    for (const run of unread) run();
  }

  #onceReading(run: () => void): void {
    if (this.#unread === null) run();
    else this.#unread.push(run);
  }

  #step(now: number): void {
    this.#isReading = false;
    const { fleet: before } = this;
    // The primary has exited.
    if (before.phase.name === 'stopped') return;
    const events = this.#inbox;
    if (this.#heard.size > 0) events.unshift({ type: 'heartbeats', heard: this.#heard });
    this.#inbox = [];
    this.#heard = new Map();
    const [after, commands] = step(before, events, { now, random: this.#random });
    this.fleet = after;
    const wakeAt = Math.max(now, Math.min(nextWakeAt(after), now + tickMs));
    this.timerAt = wakeAt + this.#sleptMs + between(this.#random, 1, latenessMs);
    this.#obey({ now, events, before, after, commands });
  }
}
