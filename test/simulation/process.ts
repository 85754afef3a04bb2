// One process of the fake world: how a worker behaves, from its fork to its exit.
import type { FleetEvent } from '../../src/fleet/event.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { Agenda } from './agenda.ts';
import type { Clients } from './clients.ts';
import type { Health } from './history.ts';
import { between } from './random.ts';
import type { Random } from './random.ts';

/** What surrounds a process. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly policy: Policy;
  /** The awake time of the primary. */
  awakeNow(): number;
  /** It has just begun to do what only the leader may do. */
  leads(worker: number): void;
  readonly clients: Clients;
  /** A message arrives at the primary. */
  deliver(message: Message): void;
}

/** A message takes at most this long, in either direction. */
export const latencyMs = 20;

/** So often a worker looks how many connections it holds. */
const lookMs = 500;

const unkillableMs = 20_000;

/** The primary waits this long for the exit of a process whose channel is closed. */
const exitAfterDisconnectMs = 1_000;

/** A heartbeat is no event of the fleet: it comes with the next step. */
export type Message =
  FleetEvent | { readonly type: 'heartbeat'; readonly worker: number; readonly connections: number };

export class Process {
  readonly id: number;
  readonly health: Health;
  readonly forkedAt: number;
  /** Its true state, which the primary learns later. */
  state: 'booting' | 'ready' | 'leaving' | 'gone' = 'booting';
  /** When it became ready, in real time; Infinity: it did not. */
  readyAt = Infinity;
  /** When it was first told to drain, or began to drain by itself, in awake time. */
  askedToLeaveAt = Infinity;
  /** When it was last frozen, in awake time. */
  thawedAt = -Infinity;
  /** In awake time. */
  goneAt = Infinity;
  ignoresDrain = false;
  /** Its channel is closed: it neither sends nor receives messages any more. */
  isDisconnected = false;
  isUnkillable = false;
  isDebugged = false;
  /** Does it do what only the leader may do? */
  isLeading = false;
  /** What it does then takes so long to end, once it drains. */
  #leadershipMs = 0;
  /** It is about to tell how many connections it holds. */
  #isCounting = false;
  readonly #random: Random;
  readonly #outside: Surroundings;
  #lastArrivalAt = 0;
  /** It does nothing until then, in real time; -Infinity: it is not frozen. */
  #frozenUntil = -Infinity;
  /** What it does as soon as it is not frozen any more. */
  readonly #held: (() => void)[] = [];

  constructor(id: number, health: Health, random: Random, outside: Surroundings) {
    this.id = id;
    this.health = health;
    this.forkedAt = outside.agenda.now;
    this.#random = random;
    this.#outside = outside;
  }

  get isFrozen(): boolean {
    // Until it is thawed, which may come after other things that happen at the same time.
    return this.#frozenUntil !== -Infinity;
  }

  get #isGone(): boolean {
    return this.state === 'gone';
  }

  boot(health = this.health): void {
    const { timeoutMs } = this.#outside.policy.boot;
    switch (health) {
      case 'healthy':
        return this.#later(this.#between(30, 1_200), () => this.#becomeReady());
      case 'slow':
        return this.#later(timeoutMs * (0.5 + this.#random() * 0.4), () => this.#becomeReady());
      case 'broken':
        return this.#later(this.#between(0, 1_000), () => this.#crash());
      case 'hanging':
        this.ignoresDrain = this.#random() < 0.5;
        return;
      case 'crashy':
        return this.#later(this.#between(30, 500), () => {
          this.#becomeReady();
          this.#later(this.#between(0, this.#random() < 0.5 ? 500 : 6_000), () => this.#crash());
        });
      case 'short-lived':
        return this.#later(this.#between(30, 500), () => {
          this.#becomeReady();
          this.#later(this.#outside.policy.rollout.minReadyMs + this.#between(100, 300), () => this.#crash());
        });
      case 'flaky':
        return this.boot(this.#random() < 0.5 ? 'broken' : 'healthy');
      case 'incompatible':
        return this.#later(this.#between(0, 200), () =>
          this.#send({ type: 'worker-incompatible', worker: this.id, error: error('another protocol') }),
        );
    }
  }

  /** It leads from then on, unless it drains already: then it answers at once. */
  elect(): void {
    if (this.isDisconnected) return;
    this.#later(this.#latency(), () => {
      if (this.isDisconnected) return;
      if (this.state === 'leaving') return this.#send({ type: 'leader-stepped-down', worker: this.id });
      this.isLeading = true;
      this.#leadershipMs = this.#random() < 0.7 ? 0 : this.#between(0, 3_000);
      this.#outside.leads(this.id);
    });
  }

  /** It gives back so many connections. Their clients connect anew. */
  shed(connections: number): void {
    if (this.isDisconnected) return;
    this.#later(this.#latency(), () => {
      if (this.state !== 'ready' || this.isDisconnected) return;
      this.#outside.clients.moveFrom(this.id, connections);
      this.counts();
    });
  }

  /** The number of its connections has changed. It looks every second. */
  counts(): void {
    if (this.#isCounting || !this.#outside.policy.shed) return;
    this.#isCounting = true;
    this.#later(this.#between(0, lookMs), () => {
      this.#isCounting = false;
      if (this.state === 'ready') this.#tellThatItLives();
    });
  }

  drain(graceMs: number): void {
    this.askedToLeaveAt = Math.min(this.askedToLeaveAt, this.#outside.awakeNow());
    if (this.ignoresDrain || this.isDisconnected) return;
    this.#later(this.#between(0, 5), () => this.#leave(graceMs, 0));
  }

  kill(): void {
    const ms = this.isUnkillable ? unkillableMs : this.#between(1, 10);
    this.#outside.agenda.after(ms, () => this.exit(null, 'SIGKILL'));
  }

  exit(code: number | null, signal: string | null): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    this.isLeading = false;
    this.#outside.clients.moveFrom(this.id, Infinity);
    this.goneAt = this.#outside.awakeNow();
    // Not through #send: an exit may overtake the messages that were sent before it.
    this.#outside.agenda.after(this.#latency(), () =>
      this.#outside.deliver({ type: 'worker-exited', worker: this.id, code, signal }),
    );
  }

  /** An error goes uncaught: it reports that, drains by itself with the shutdown's times, and exits 1. */
  fail(): void {
    this.#later(0, () => {
      this.askedToLeaveAt = Math.min(this.askedToLeaveAt, this.#outside.awakeNow());
      this.#send({ type: 'worker-failing', worker: this.id, error: error('uncaught') });
      this.#leave(this.#outside.policy.shutdown.graceMs, 1);
    });
  }

  /** The app closes its channel: it drains by itself with the shutdown's times. The primary notices if it does not exit soon. */
  disconnect(): void {
    this.#later(0, () => {
      if (this.isDisconnected) return;
      this.isDisconnected = true;
      this.askedToLeaveAt = Math.min(this.askedToLeaveAt, this.#outside.awakeNow());
      this.#outside.agenda.after(exitAfterDisconnectMs + this.#latency(), () => {
        if (this.state === 'gone') return;
        this.#outside.deliver({ type: 'worker-disconnected', worker: this.id });
      });
      this.#leave(this.#outside.policy.shutdown.graceMs, 0);
    });
  }

  retire(): void {
    this.#later(0, () => this.#send({ type: 'retire-requested', worker: this.id }));
  }

  freeze(ms: number): void {
    const { agenda } = this.#outside;
    this.#frozenUntil = Math.max(this.#frozenUntil, agenda.now + ms);
    agenda.after(ms, () => {
      if (agenda.now >= this.#frozenUntil) this.thaw();
    });
  }

  /** A debugger is opened in it, stops it, and is closed. */
  debug(ms: number): void {
    this.#later(0, () => {
      this.isDebugged = true;
      this.#send({ type: 'debugger-opened', worker: this.id });
      this.freeze(ms);
      this.#later(0, () => {
        this.isDebugged = false;
        // A heartbeat says so. While the worker boots nothing does, until it is ready.
        this.#tellThatItLives();
        this.#send({ type: 'debugger-closed', worker: this.id });
      });
    });
  }

  thaw(): void {
    if (this.#frozenUntil === -Infinity) return;
    this.#frozenUntil = -Infinity;
    this.thawedAt = this.#outside.awakeNow();
    // Without a moment in between: one of them may freeze it again, and the others wait on.
    const held = this.#held.splice(0);
    while (held.length > 0 && !this.isFrozen && !this.#isGone) held.shift()?.();
    this.#held.push(...held);
  }

  #becomeReady(): void {
    if (this.state !== 'booting') return;
    this.state = 'ready';
    this.readyAt = this.#outside.agenda.now;
    this.#send({ type: 'worker-ready', worker: this.id });
    this.#outside.clients.connectTo(this.id);
    this.counts();
    const { watchdog } = this.#outside.policy;
    if (watchdog !== false) this.#beat(watchdog.timeoutMs / 3);
  }

  #beat(everyMs: number): void {
    this.#later(everyMs, () => {
      if (this.state !== 'ready') return;
      this.#tellThatItLives();
      this.#beat(everyMs);
    });
  }

  #tellThatItLives(): void {
    this.#send({
      type: 'heartbeat',
      worker: this.id,
      connections: this.#outside.clients.heldBy(this.id),
    });
  }

  #crash(): void {
    if (this.state === 'leaving') return;
    const way = this.#random();
    if (way < 0.5) this.fail();
    else if (way < 0.9) this.exit(1, null);
    else this.exit(null, 'SIGSEGV');
  }

  /** It exits in time, mostly soon. If it has several reasons to exit, the first one that takes effect counts. */
  #leave(graceMs: number, code: number): void {
    const limit = graceMs + this.#outside.policy.closeMs - 5 * latencyMs;
    const ms = this.state === 'booting' || this.#random() < 0.7 ? Math.min(150, limit) : limit;
    if (this.isLeading && this.state !== 'leaving') this.#later(this.#leadershipMs, () => this.#stepDown());
    this.state = 'leaving';
    this.#outside.clients.moveFrom(this.id, Infinity);
    const afterMs = this.#between(0, ms);
    if (afterMs > graceMs) this.#later(graceMs, () => this.#cut());
    this.#later(afterMs, () => this.exit(code, null));
  }

  #cut(): void {
    const [requests, upgraded] = [this.#between(1, 9), this.#between(0, 9)];
    this.#send({ type: 'connections-cut', worker: this.id, requests, upgraded });
  }

  #stepDown(): void {
    this.isLeading = false;
    this.#send({ type: 'leader-stepped-down', worker: this.id });
  }

  /** Messages arrive in the order in which they were sent. */
  #send(message: Message): void {
    if (this.isDisconnected) return;
    const { agenda } = this.#outside;
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, agenda.now + this.#latency());
    agenda.after(this.#lastArrivalAt - agenda.now, () => this.#outside.deliver(message));
  }

  /** After its exit a process does nothing; while it is frozen, it does it later. */
  #later(ms: number, run: () => void): void {
    const { agenda } = this.#outside;
    agenda.after(ms, () => {
      if (this.#isGone) return;
      if (this.isFrozen) this.#held.push(run);
      else run();
    });
  }

  #latency(): number {
    return this.#between(0, latencyMs);
  }

  #between(from: number, to: number): number {
    return between(this.#random, from, to);
  }
}

function error(message: string) {
  return { name: 'Error', message, stack: null, code: null };
}
