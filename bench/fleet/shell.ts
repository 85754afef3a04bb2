// A shell as the primary is one, but perfect and without processes: every worker boots, serves, beats and leaves on time.
// What is left is what the fleet's decisions cost.
import type { Command } from '../../src/fleet/command.ts';
import type { FleetEvent, Heartbeat } from '../../src/fleet/event.ts';
import type { createFleet, Fleet, Generation } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { step } from '../../src/fleet/step.ts';
import type { nextWakeAt } from '../../src/fleet/wake.ts';
import { defaultPolicy } from '../../test/helpers/default-policy.ts';
import { adapt } from './older.ts';

/** Of this checkout, or of another one. */
export interface Decisions {
  readonly createFleet: typeof createFleet;
  readonly step: typeof step;
  readonly nextWakeAt: typeof nextWakeAt;
}

/** The defaults, except that no exit is an early one: what a crash costs is measured, without the wait of a backoff. */
const POLICY: Policy = { ...defaultPolicy, respawn: { ...defaultPolicy.respawn, minUptimeMs: 0 } };

const BOOT_MS = 300;
const DRAIN_MS = 100;
const HEARTBEAT_MS = 1_000;
/** The primary looks at least this often. */
const TICK_MS = 500;

/** What is to come, in a queue for each delay, so that it costs next to nothing beside the fleet. */
class Agenda {
  now = 0;
  readonly #queues = [BOOT_MS, DRAIN_MS, HEARTBEAT_MS].map((ms) => new Queue(ms));

  after(ms: number, run: () => void): void {
    this.#queues.find((queue) => queue.ms === ms)?.add(this.now + ms, run);
  }

  get nextAt(): number {
    return Math.min(...this.#queues.map(({ nextAt }) => nextAt));
  }

  runNext(): void {
    const at = this.nextAt;
    this.now = at;
    this.#queues.find(({ nextAt }) => nextAt === at)?.runNext();
  }
}

/** What is done is forgotten by so many at a time. */
const FORGOTTEN_AT = 10_000;

class Queue {
  readonly ms: number;
  #entries: { readonly at: number; readonly run: () => void }[] = [];
  #done = 0;

  constructor(ms: number) {
    this.ms = ms;
  }

  add(at: number, run: () => void): void {
    this.#entries.push({ at, run });
  }

  get nextAt(): number {
    return this.#entries[this.#done]?.at ?? Infinity;
  }

  runNext(): void {
    const entry = this.#entries[this.#done];
    this.#done += 1;
    if (this.#done === FORGOTTEN_AT) {
      this.#entries = this.#entries.slice(FORGOTTEN_AT);
      this.#done = 0;
    }
    entry?.run();
  }
}

export class Shell {
  fleet: Fleet;
  readonly #decisions: Decisions;
  readonly #agenda = new Agenda();
  readonly #alive = new Set<number>();
  readonly #told = new Set<string>();
  #heard = new Map<number, Heartbeat>();
  #lastGeneration = 1;
  #lookAt = 0;

  constructor(decisions: Decisions, size: number) {
    this.#decisions = adapt(decisions);
    this.fleet = decisions.createFleet(POLICY, size, generation(1));
  }

  start(): void {
    this.#look();
  }

  /** Was this announced since the last call? */
  told(announcement: string): boolean {
    return this.#told.delete(announcement);
  }

  /** What is due next happens. */
  next(): void {
    if (this.#lookAt > this.#agenda.nextAt) return this.#agenda.runNext();
    this.#agenda.now = this.#lookAt;
    this.#look();
  }

  get now(): number {
    return this.#agenda.now;
  }

  /** The oldest worker dies. */
  crash(): void {
    const [oldest] = this.#alive;
    if (oldest !== undefined) this.#exit(oldest, 'SIGKILL');
  }

  restart(): void {
    this.#lastGeneration += 1;
    this.#step({ type: 'restart-requested', generation: generation(this.#lastGeneration) });
  }

  #look(): void {
    const heard = this.#heard;
    this.#heard = new Map();
    this.#step(...(heard.size === 0 ? [] : [{ type: 'heartbeats', heard } as const]));
  }

  #step(...events: readonly FleetEvent[]): void {
    const { now } = this.#agenda;
    const [fleet, commands] = this.#decisions.step(this.fleet, events, { now, random: () => 0.5 });
    this.fleet = fleet;
    this.#lookAt = Math.max(now, Math.min(this.#decisions.nextWakeAt(fleet), now + TICK_MS));
    for (const command of commands) this.#obey(command);
  }

  #obey(command: Command): void {
    switch (command.type) {
      case 'fork': {
        const { worker } = command;
        this.#alive.add(worker);
        return this.#agenda.after(BOOT_MS, () => {
          this.#step({ type: 'worker-ready', worker });
          this.#beatLater(worker);
        });
      }
      case 'drain':
      case 'kill':
        return this.#agenda.after(DRAIN_MS, () => this.#exit(command.worker, null));
      case 'announce':
        this.#told.add(command.announcement.type);
        return undefined;
      case 'elect':
      case 'leave':
      case 'shed':
      case 'release-sockets':
      case 'finish':
        return undefined;
    }
  }

  #exit(worker: number, signal: string | null): void {
    if (!this.#alive.delete(worker)) return;
    this.#step({ type: 'worker-exited', worker, code: signal === null ? 0 : null, signal });
  }

  #beatLater(worker: number): void {
    this.#agenda.after(HEARTBEAT_MS, () => {
      if (!this.#alive.has(worker)) return;
      this.#heard.set(worker, { at: this.#agenda.now, connections: null });
      this.#beatLater(worker);
    });
  }
}

function generation(id: number): Generation {
  return { id, entry: `/srv/releases/${id}/main.js`, cwd: `/srv/releases/${id}` };
}
