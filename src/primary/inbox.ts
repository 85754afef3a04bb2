// Collects what happens, and hands it over when everything that had arrived by a certain time is read. So the fleet has one
// clock: until its `now`, nothing happened that it does not know of, however busy this process was, or was stopped.
import type { FleetEvent } from '../fleet/event.ts';
import { wholePollPhase } from '../net/poll.ts';
import type { AwakeClock } from './awake-clock.ts';

/** `now` is awake time. */
export type Reader = (events: readonly FleetEvent[], now: number) => void;

/** Reading that took longer than this, in ms, starts again: what it hands over must not be of yesterday. */
const MAX_READING_MS = 50;

/** So often at most: in a process that is always busy, reading always takes long. */
const MAX_READINGS = 3;

export class Inbox {
  readonly #clock: AwakeClock;
  readonly #read: Reader;
  #events: FleetEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reading: symbol | null = null;
  #isHandingOver = false;

  constructor(clock: AwakeClock, read: Reader) {
    this.#clock = clock;
    this.#read = read;
  }

  add(event: FleetEvent): void {
    this.#events.push(event);
    void this.#readAll();
  }

  /** For what must not wait until everything is read, such as a forced stop. */
  addUrgent(event: FleetEvent): void {
    if (this.#isHandingOver) return this.add(event);
    this.#events.push(event);
    // A reading under way has nothing left to hand over, and its time would be before this one.
    this.#reading = null;
    this.#handOver(this.#clock.now());
  }

  /** At the latest, also if nothing happens. Replaces the time that was set before. */
  readAt(time: number): void {
    clearTimeout(this.#timer);
    // Node's timers drop fractions.
    const delay = Math.ceil(Math.max(0, time - this.#clock.now()));
    this.#timer = setTimeout(() => void this.#readAll(), delay);
  }

  /** No more time is waited for. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  async #readAll(): Promise<void> {
    if (this.#reading !== null) return;
    const reading = Symbol('reading');
    this.#reading = reading;
    const now = await this.#readUntilNow();
    if (this.#reading !== reading) return;
    this.#reading = null;
    this.#handOver(now);
  }

  #handOver(now: number): void {
    const events = this.#events;
    this.#events = [];
    this.#isHandingOver = true;
    try {
      this.#read(events, now);
    } finally {
      this.#isHandingOver = false;
    }
  }

  async #readUntilNow(): Promise<number> {
    for (let reading = 1; ; reading += 1) {
      const now = this.#clock.now();
      await wholePollPhase();
      // The exit of a worker is reported only behind its last message.
      await wholePollPhase();
      if (this.#clock.now() - now <= MAX_READING_MS || reading === MAX_READINGS) return now;
    }
  }
}
