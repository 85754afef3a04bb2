// What the events and commands of a fleet say about it: a second opinion, kept without looking at the fleet.
import type { Announcement, Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import type { Ending } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { DrainCause, KillCause } from '../../src/fleet/worker.ts';
import { Leadership } from './leadership.ts';

export interface Known {
  readonly id: number;
  readonly slot: number;
  readonly generation: number;
  readonly forkedAt: number;
  state: 'booting' | 'ready' | 'leaving' | 'killed';
  readyAt: number;
  heardAt: number;
  /** Leaving: when it must be killed. */
  leaveBy: number;
  killedAt: number;
  isRetiring: boolean;
  isToldToLeave: boolean;
  isToldToStop: boolean;
}

export interface Drain {
  readonly worker: Readonly<Known>;
  readonly cause: DrainCause;
  readonly wasReady: boolean;
}

/** A worker that was active has failed: it had not been told to stop. */
export interface Failure {
  /** As it was just before. */
  readonly worker: Readonly<Known>;
}

export interface Delay {
  readonly generation: number;
  readonly earlyExits: number;
  readonly slowest: boolean;
  readonly until: number;
}

export class Ledger {
  now = 0;
  size: number;
  phase: 'starting' | 'running' | 'leaving' | 'stopping' | 'stopped' = 'starting';
  target = 1;
  stable = 1;
  lastWorker = 0;
  /** The releases behind the generations. */
  readonly entries = new Map<number, string>();
  readonly aborted = new Set<number>();
  /** Generations that have had an available worker. */
  readonly knownToWork = new Set<number>();
  /** Slots that the rollout under way has taken over. */
  readonly #takenOver = new Set<number>();
  /** Rollouts that have not ended. */
  readonly rolling = new Set<number>();
  readonly workers = new Map<number, Known>();
  readonly leadership = new Leadership();
  /** The last delay of each slot, until a worker of it has been ready for minUptimeMs. */
  readonly delays = new Map<number, Delay>();
  /** Early exits in a row of the workers of one generation in one slot. */
  readonly earlyExits = new Map<string, number>();
  /** True: since every slot last had a ready worker, one has failed, or slots were added. */
  isTroubled = true;
  leavingAt = Infinity;
  stoppingAt = Infinity;
  forcedAt = Infinity;
  socketsReleased = 0;
  /** The reason that its end will have, as far as is known. */
  ending: Ending['reason'] = 'requested';

  // Of the step under way.
  drains: Drain[] = [];
  /** The most early exits in a row, since several workers of a slot may have failed. */
  readonly peaks = new Map<string, number>();
  failures: Failure[] = [];
  aborts: Extract<Announcement, { type: 'rollout-aborted' }>[] = [];
  completions: number[] = [];
  stopReason: Ending['reason'] | null = null;
  #isHeard = false;
  phaseBefore: Ledger['phase'] = 'starting';
  targetBefore = 1;
  readonly policy: Policy;

  constructor(policy: Policy, size: number, entry: string) {
    this.policy = policy;
    this.size = size;
    this.entries.set(1, entry);
  }

  get isServing(): boolean {
    return this.phase === 'starting' || this.phase === 'running';
  }

  /** Until draining begins, empty slots are filled, also when the fleet is about to stop. */
  get isRespawning(): boolean {
    const isLeaving = this.phase === 'leaving' && this.now < this.leavingAt + this.policy.shutdown.delayMs;
    return this.isServing || isLeaving;
  }

  get isRolling(): boolean {
    return this.target !== this.stable;
  }

  get slots(): readonly number[] {
    return Array.from({ length: this.size }, (_, slot) => slot);
  }

  active(): readonly Known[] {
    return [...this.workers.values()].filter(isActive);
  }

  inSlot(slot: number): readonly Known[] {
    return this.active().filter((worker) => worker.slot === slot);
  }

  ready(): readonly Known[] {
    return [...this.workers.values()].filter((worker) => worker.state === 'ready');
  }

  available(): readonly Known[] {
    return this.ready().filter((worker) => this.isAvailable(worker));
  }

  /** How many must be available without a worker that is drained. */
  get needed(): number {
    return this.size - this.policy.rollout.maxUnavailable;
  }

  areEnoughBooting(generation: number): boolean {
    const booting = this.active().filter(
      (worker) => worker.state === 'booting' && worker.generation === generation,
    );
    return booting.length >= this.policy.boot.concurrency;
  }

  isOld(worker: Readonly<Known>): boolean {
    return (this.isRolling && worker.generation !== this.target) || worker.isRetiring;
  }

  isAvailable(worker: Readonly<Known>): boolean {
    return worker.state === 'ready' && this.now >= worker.readyAt + this.policy.rollout.minReadyMs;
  }

  hasSuccessor(slot: number): boolean {
    return this.inSlot(slot).some((worker) => !this.isOld(worker) && this.isAvailable(worker));
  }

  /** Does it wait for a backoff that was announced? */
  isDelayed(slot: number): boolean {
    const delay = this.delays.get(slot);
    return delay !== undefined && this.now < delay.until;
  }

  begin(now: number): void {
    this.now = now;
    this.drains = [];
    this.peaks.clear();
    this.#isHeard = false;
    this.failures = [];
    this.aborts = [];
    this.completions = [];
    this.stopReason = null;
    this.phaseBefore = this.phase;
    this.targetBefore = this.target;
  }

  /** All events of the step are known, and nothing is done about them yet. */
  heard(): void {
    this.#resetHealthy();
    for (const { worker } of this.failures) this.#count(worker);
    this.#isHeard = true;
    for (const { generation, slot } of this.available()) {
      this.knownToWork.add(generation);
      if (this.isRolling && generation === this.target) this.#takenOver.add(slot);
    }
  }

  hear(event: FleetEvent): void {
    this.leadership.hear(event);
    switch (event.type) {
      case 'heartbeats':
        for (const [id, at] of event.heard) {
          const worker = this.workers.get(id);
          if (worker?.state === 'ready') worker.heardAt = Math.max(worker.heardAt, at);
        }
        return;
      case 'restart-requested':
        if (!this.isServing) return;
        this.target = event.generation.id;
        this.entries.set(this.target, event.generation.entry);
        this.#giveBack();
        return;
      case 'scale-requested':
        return this.#resize(event.size);
      case 'scale-stepped':
        return this.#resize(Math.min(this.policy.maxWorkers, Math.max(1, this.size + event.by)));
      case 'stop-requested':
        if (this.phase === 'stopped') return;
        if (event.force) {
          this.forcedAt = Math.min(this.forcedAt, this.now);
          if (this.ending === 'requested') this.ending = 'forced';
        }
        if (!this.isServing) return;
        this.phase = 'leaving';
        this.leavingAt = this.now;
        return;
      case 'leader-stepped-down':
        return;
      case 'worker-ready':
      case 'worker-failing':
      case 'worker-disconnected':
      case 'worker-incompatible':
      case 'retire-requested':
      case 'worker-exited':
      case 'fork-failed': {
        const worker = this.workers.get(event.worker);
        if (worker !== undefined) this.#hearOf(worker, event);
      }
    }
  }

  #hearOf(
    worker: Known,
    event: Exclude<Extract<FleetEvent, { worker: number }>, { type: 'leader-stepped-down' }>,
  ): void {
    const { shutdown, closeMs } = this.policy;
    switch (event.type) {
      case 'worker-ready':
        if (worker.state !== 'booting') return;
        worker.state = 'ready';
        worker.readyAt = this.now;
        worker.heardAt = this.now;
        if (this.phase === 'starting') this.phase = 'running';
        return;
      case 'retire-requested':
        if (isActive(worker)) worker.isRetiring = true;
        return;
      case 'worker-failing':
      case 'worker-disconnected':
        if (!isActive(worker)) return;
        this.#fail(worker);
        worker.state = 'leaving';
        worker.leaveBy = this.now + shutdown.graceMs + closeMs;
        return;
      case 'worker-incompatible':
        // The kill that must follow is the failure.
        return;
      case 'worker-exited':
      case 'fork-failed':
        if (isActive(worker)) this.#fail(worker);
        else if (
          worker.state === 'leaving' &&
          worker.readyAt < Infinity &&
          event.type === 'worker-exited' &&
          event.code !== 0
        )
          this.#spoil('unclean');
        this.workers.delete(worker.id);
    }
  }

  obey(command: Command): void {
    this.leadership.obey(command, this.now);
    switch (command.type) {
      case 'fork': {
        const { worker: id, slot, generation } = command;
        this.lastWorker = id;
        this.workers.set(id, {
          id,
          slot,
          generation: generation.id,
          forkedAt: this.now,
          state: 'booting',
          readyAt: Infinity,
          heardAt: Infinity,
          leaveBy: Infinity,
          killedAt: Infinity,
          isRetiring: false,
          isToldToLeave: false,
          isToldToStop: false,
        });
        return;
      }
      case 'drain': {
        const worker = this.workers.get(command.worker);
        if (worker === undefined) return;
        this.drains.push({ worker: { ...worker }, cause: command.cause, wasReady: worker.state === 'ready' });
        worker.state = 'leaving';
        worker.leaveBy = Math.min(worker.leaveBy, this.now + command.graceMs + command.closeMs);
        if (command.cause === 'rollout' && this.inSlot(worker.slot).length === 0) {
          this.#takenOver.add(worker.slot);
        }
        if (command.cause === 'shutdown') worker.isToldToStop = true;
        return;
      }
      case 'leave': {
        const worker = this.workers.get(command.worker);
        if (worker !== undefined) worker.isToldToLeave = true;
        return;
      }
      case 'elect':
        return;
      case 'kill':
        // What is announced with it says why.
        return;
      case 'release-sockets':
        this.socketsReleased += 1;
        return;
      case 'finish':
        this.phase = 'stopped';
        return;
      case 'announce':
        return this.#note(command.announcement);
    }
  }

  #note(announcement: Announcement): void {
    switch (announcement.type) {
      case 'worker-killed':
        return this.#noteKill(announcement.worker.id, announcement.cause);
      case 'rollout-started':
        this.rolling.add(announcement.to.id);
        return;
      case 'rollout-superseded':
        this.rolling.delete(announcement.generation);
        return;
      case 'rollout-completed':
        this.rolling.delete(announcement.generation);
        this.completions.push(announcement.generation);
        this.stable = announcement.generation;
        this.#takenOver.clear();
        return;
      case 'rollout-aborted':
        this.rolling.delete(announcement.generation);
        this.aborted.add(announcement.generation);
        this.aborts.push(announcement);
        this.target = this.stable;
        this.#giveBack();
        return;
      case 'respawn-delayed':
        this.delays.set(announcement.slot, { ...announcement, until: this.now + announcement.delayMs });
        return;
      case 'fleet-stopping':
        this.phase = 'stopping';
        this.stoppingAt = this.now;
        this.stopReason = announcement.ending.reason;
        if (this.ending === 'requested') this.ending = announcement.ending.reason;
        return;
      case 'worker-forked':
      case 'worker-ready':
      case 'worker-draining':
      case 'worker-failing':
      case 'worker-disconnected':
      case 'worker-exited':
      case 'fork-failed':
      case 'leader-elected':
      case 'leader-stepped-down':
      case 'fleet-ready':
      case 'size-changed':
      case 'fleet-leaving':
    }
  }

  /** In slots that go back to the stable release, its workers begin without a backoff. */
  #giveBack(): void {
    for (const slot of this.#takenOver) this.delays.delete(slot);
    this.#takenOver.clear();
  }

  #noteKill(id: number, cause: KillCause): void {
    const worker = this.workers.get(id);
    if (worker === undefined) return;
    if (isActive(worker) && cause !== 'forced') this.#fail(worker);
    if (cause === 'drain-timeout') this.#spoil('timed-out');
    worker.state = 'killed';
    worker.killedAt = this.now;
  }

  end(): void {
    const filled = new Set(this.ready().map((worker) => worker.slot));
    if (this.slots.every((slot) => filled.has(slot))) this.isTroubled = false;
  }

  /** A shutdown in which a worker had to be killed, or failed, is no success; the first reason stands. */
  #spoil(reason: 'timed-out' | 'unclean'): void {
    if (this.phaseBefore === 'stopping' && this.ending === 'requested') this.ending = reason;
  }

  #resize(size: number): void {
    if (!this.isServing) return;
    if (size > this.size) this.isTroubled = true;
    for (let slot = size; slot < this.size; slot += 1) this.delays.delete(slot);
    this.size = size;
  }

  #resetHealthy(): void {
    const { minUptimeMs } = this.policy.respawn;
    for (const { slot, generation, readyAt, isRetiring } of this.ready()) {
      if (this.now < readyAt + minUptimeMs || isRetiring) continue;
      this.earlyExits.delete(`${slot} ${generation}`);
      if (this.delays.get(slot)?.generation === generation) this.delays.delete(slot);
    }
  }

  #fail(worker: Known): void {
    this.isTroubled = true;
    this.failures.push({ worker: { ...worker } });
    // The backoff of healthy workers is cleared first.
    if (this.#isHeard) this.#count(worker);
  }

  #count(worker: Readonly<Known>): void {
    const key = `${worker.slot} ${worker.generation}`;
    const isEarly = worker.state === 'booting' || this.now < worker.readyAt + this.policy.respawn.minUptimeMs;
    if (worker.isRetiring && worker.state === 'ready') return;
    if (!isEarly && this.delays.get(worker.slot)?.generation === worker.generation) {
      this.delays.delete(worker.slot);
    }
    const count = isEarly ? (this.earlyExits.get(key) ?? 0) + 1 : 0;
    this.earlyExits.set(key, count);
    this.peaks.set(key, Math.max(count, this.peaks.get(key) ?? 0));
  }
}

function isActive(worker: Readonly<Known>): boolean {
  return worker.state === 'booting' || worker.state === 'ready';
}
