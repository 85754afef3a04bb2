// What the events and commands of a fleet say about it: a second opinion, kept without looking at the fleet.
import type { Announcement, Command } from '../../src/fleet/command.ts';
import type { ErrorInfo, FleetEvent } from '../../src/fleet/event.ts';
import type { Ending, Generation } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { DrainCause, KillCause } from '../../src/fleet/worker.ts';
import { EarlyExits } from './early-exits.ts';
import { Leadership } from './leadership.ts';
import { news } from './news.ts';

export interface Known {
  readonly id: number;
  readonly slot: number;
  readonly generation: number;
  readonly forkedAt: number;
  state: 'booting' | 'ready' | 'leaving' | 'killed';
  readyAt: number;
  heardAt: number;
  /** How many connections it has last told of. Null: it has told of none since it is ready. */
  connections: number | null;
  /** Leaving: when it must be killed. */
  leaveBy: number;
  killedAt: number;
  /** It asked to be replaced. A worker that asks for it while it boots is replaced once it is ready. */
  hasAskedToRetire: boolean;
  /** A debugger is open in it: it may be silent for as long as it likes. */
  isDebugged: boolean;
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
  readonly how: 'failing' | 'exited' | 'fork-failed' | 'timed-out' | 'incompatible';
  /** What was reported; null: nothing. */
  readonly error: ErrorInfo | null;
  /** What its slot was respawned as just then; null: its slot had been scaled away. */
  release: number | null;
  /** How many early exits in a row there were, with this one; null: it does not count against its slot. */
  earlyExits: number | null;
}

export class Ledger {
  now = 0;
  size: number;
  phase: 'starting' | 'running' | 'leaving' | 'stopping' | 'stopped' = 'starting';
  target: number;
  targetSince = 0;
  stable: number;
  lastWorker = 0;
  /** When connections were last given back. */
  shedAt = -Infinity;
  readonly generations = new Map<number, Generation>();
  readonly aborted = new Set<number>();
  /** Generations that have had an available worker. */
  readonly knownToWork = new Set<number>();
  /** Slots that the rollout under way has taken over: they have had an available successor, or nothing else any more. */
  readonly #takenOver = new Set<number>();
  /** Rollouts that have not ended. */
  readonly rolling = new Set<number>();
  readonly workers = new Map<number, Known>();
  readonly earlyExits: EarlyExits;
  readonly leadership = new Leadership();
  /** True: since every slot last had a ready worker, one has failed, or slots were added. */
  isTroubled = true;
  leavingAt = Infinity;
  stoppingAt = Infinity;
  forcedAt = Infinity;
  socketsReleased = 0;
  /** The reason that its end will have, as far as is known. */
  ending: Ending['reason'] = 'requested';

  // Of the step under way.
  forks: number[] = [];
  drains: Drain[] = [];
  failures: Failure[] = [];
  aborts: Extract<Announcement, { type: 'rollout-aborted' }>[] = [];
  completions: number[] = [];
  stopReason: Ending['reason'] | null = null;
  /** What observers must be told of its events. */
  news: string[] = [];
  phaseBefore: Ledger['phase'] = 'starting';
  targetBefore: number;
  /** Before its events. */
  wasFull = false;
  #isHeard = false;
  readonly policy: Policy;

  constructor(policy: Policy, size: number, generation: Generation) {
    this.policy = policy;
    this.size = size;
    this.target = generation.id;
    this.targetBefore = generation.id;
    this.stable = generation.id;
    this.generations.set(generation.id, generation);
    this.earlyExits = new EarlyExits(policy.respawn);
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

  /** May one more worker run besides one for each slot? */
  hasSurge(active = this.active()): boolean {
    const taken = new Set(active.map(({ slot }) => slot).filter((slot) => slot < this.size));
    return active.length - taken.size < this.policy.rollout.maxSurge;
  }

  areEnoughBooting(generation: number): boolean {
    const booting = this.active().filter(
      (worker) => worker.state === 'booting' && worker.generation === generation,
    );
    return booting.length >= this.policy.boot.concurrency;
  }

  /** Do as many workers drain, for whatever cause, as a rollout may add to? */
  get areEnoughDraining(): boolean {
    const { maxDraining } = this.policy.rollout;
    const most = maxDraining === 'quarter' ? Math.max(1, Math.floor(this.size / 4)) : maxDraining;
    return [...this.workers.values()].filter(({ state }) => state === 'leaving').length >= most;
  }

  /** Is it ready, and waits for its replacement because it asked for that? */
  isRetiring({ hasAskedToRetire, state }: Readonly<Known>): boolean {
    return hasAskedToRetire && state === 'ready';
  }

  isOld(worker: Readonly<Known>): boolean {
    return (this.isRolling && worker.generation !== this.target) || this.isRetiring(worker);
  }

  isAvailable(worker: Readonly<Known>): boolean {
    return worker.state === 'ready' && this.now >= worker.readyAt + this.policy.rollout.minReadyMs;
  }

  hasSuccessor(slot: number): boolean {
    return this.inSlot(slot).some((worker) => !this.isOld(worker) && this.isAvailable(worker));
  }

  /** What a worker that crashes in this slot comes back as. */
  releaseOf(slot: number): number {
    return this.isRolling && this.#takenOver.has(slot) ? this.target : this.stable;
  }

  /** Does it wait for a backoff that was announced? */
  isDelayed(slot: number): boolean {
    const delay = this.earlyExits.delayOf(slot);
    return delay !== undefined && delay.generation === this.releaseOf(slot) && this.now < delay.until;
  }

  /** Has every slot a ready worker, of any release, in a fleet that is not about to stop? */
  get isFull(): boolean {
    return (
      this.isServing && this.slots.every((slot) => this.inSlot(slot).some(({ state }) => state === 'ready'))
    );
  }

  begin(now: number): void {
    this.now = now;
    this.forks = [];
    this.drains = [];
    this.failures = [];
    this.aborts = [];
    this.completions = [];
    this.stopReason = null;
    this.news = [];
    this.#isHeard = false;
    this.wasFull = this.isFull;
    this.phaseBefore = this.phase;
    this.targetBefore = this.target;
    // Also of workers that ask to retire, or fail, in this step.
    for (const worker of this.ready()) {
      const isHealthy = now >= worker.readyAt + this.policy.respawn.minUptimeMs;
      if (isHealthy && !this.isRetiring(worker)) this.earlyExits.forgive(worker.slot, worker.generation);
    }
  }

  /** All events of the step are known, and nothing is done about them yet. */
  heard(): void {
    for (const { generation, slot } of this.available()) {
      this.knownToWork.add(generation);
      // A worker of a slot that was scaled away takes over nothing, unless the slot comes back while it is there.
      if (this.isRolling && generation === this.target && slot < this.size) this.#takeOver(slot);
    }
    // As long as no worker was ready, no release is known to work, so there is none to fall back on.
    if (this.phase === 'starting' && this.isRolling) for (const slot of this.slots) this.#takeOver(slot);
    for (const failure of this.failures) this.#count(failure);
    this.#isHeard = true;
  }

  hear(event: FleetEvent): void {
    const { leader } = this.leadership;
    this.leadership.hear(event);
    switch (event.type) {
      case 'heartbeats':
        for (const [id, { at, connections }] of event.heard) {
          const worker = this.workers.get(id);
          if (worker?.state !== 'ready' || at <= worker.heardAt) continue;
          worker.heardAt = at;
          worker.connections = connections;
        }
        return;
      case 'restart-requested':
        if (this.isServing) this.#aimAt(event.generation);
        return;
      case 'scale-requested':
        return this.#resize(event.size);
      case 'scale-stepped':
        return this.#resize(Math.min(this.policy.maxWorkers, Math.max(1, this.size + event.by)));
      case 'stop-requested':
        if (this.phase === 'stopped') return;
        if (event.force) {
          this.forcedAt = Math.min(this.forcedAt, this.now);
          // An ending that has failed already stands: only, the workers are killed.
          if (this.ending === 'requested') this.ending = 'forced';
        }
        if (!this.isServing) return;
        this.phase = 'leaving';
        this.leavingAt = this.now;
        return;
      case 'leader-stepped-down': {
        const worker = this.workers.get(event.worker);
        if (worker?.id === leader) this.news.push(news.steppedDown(worker));
        return;
      }
      case 'worker-ready':
      case 'worker-failing':
      case 'worker-disconnected':
      case 'worker-incompatible':
      case 'retire-requested':
      case 'connections-cut':
      case 'debugger-opened':
      case 'debugger-closed':
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
    switch (event.type) {
      case 'worker-ready':
        if (worker.state !== 'booting') return;
        worker.state = 'ready';
        worker.readyAt = this.now;
        worker.heardAt = this.now;
        if (this.phase === 'starting') this.phase = 'running';
        this.news.push(news.ready(worker, this.now - worker.forkedAt));
        return;
      case 'retire-requested':
        if (isActive(worker)) worker.hasAskedToRetire = true;
        return;
      case 'debugger-opened':
        worker.isDebugged = true;
        return;
      case 'debugger-closed':
        worker.isDebugged = false;
        return;
      case 'worker-failing':
        this.news.push(news.failing(worker, event.error));
        if (isActive(worker)) this.#leaveByItself(worker, event.error);
        return;
      case 'worker-disconnected':
        if (!isActive(worker)) return;
        this.news.push(news.disconnected(worker));
        this.#leaveByItself(worker, null);
        return;
      case 'connections-cut':
        this.news.push(news.cut(worker, event.requests, event.upgraded));
        return;
      case 'worker-incompatible':
        // It stays active until it is killed, which must follow.
        if (isActive(worker)) this.#fail(worker, 'incompatible', event.error);
        return;
      case 'worker-exited': {
        const { code, signal } = event;
        this.news.push(news.exited(worker, code, signal, !isActive(worker)));
        if (isActive(worker)) this.#fail(worker, 'exited', null);
        // One that the primary has not killed was killed by somebody else: by the kernel, for lack of memory, maybe in the middle
        // of a request. One that had never been ready had none.
        else if (worker.state === 'leaving' && worker.readyAt !== Infinity && code !== 0)
          this.#spoil('unclean');
        this.workers.delete(worker.id);
        return;
      }
      case 'fork-failed':
        this.news.push(news.forkFailed(worker, event.error));
        if (isActive(worker)) this.#fail(worker, 'fork-failed', event.error);
        this.workers.delete(worker.id);
    }
  }

  /** It drains without being told to, with the times of a shutdown. */
  #leaveByItself(worker: Known, error: ErrorInfo | null): void {
    const { shutdown, closeMs } = this.policy;
    this.#fail(worker, 'failing', error);
    worker.state = 'leaving';
    worker.leaveBy = this.now + shutdown.graceMs + closeMs;
  }

  #aimAt(generation: Generation): void {
    const stable = this.generations.get(this.stable);
    if (this.isRolling) this.news.push(news.rolloutSuperseded(this.target, generation.id));
    if (stable !== undefined) this.news.push(news.rolloutStarted(stable, generation));
    this.generations.set(generation.id, generation);
    this.target = generation.id;
    this.targetSince = this.now;
    this.#giveBack();
  }

  obey(command: Command): void {
    this.leadership.obey(command, this.now);
    switch (command.type) {
      case 'fork': {
        const { worker: id, slot, generation } = command;
        this.lastWorker = id;
        this.forks.push(id);
        if (this.#isInPlace(slot, generation.id)) this.#takeOver(slot);
        this.workers.set(id, {
          id,
          slot,
          generation: generation.id,
          forkedAt: this.now,
          state: 'booting',
          readyAt: Infinity,
          heardAt: Infinity,
          connections: null,
          leaveBy: Infinity,
          killedAt: Infinity,
          hasAskedToRetire: false,
          isDebugged: false,
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
        if (command.cause === 'rollout' && this.inSlot(worker.slot).length === 0) this.#takeOver(worker.slot);
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
      case 'shed':
        this.shedAt = this.now;
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
        this.#countAfter(announcement.worker?.id);
        return;
      case 'respawn-delayed': {
        const { slot, generation, slowest, delayMs } = announcement;
        this.earlyExits.delay(slot, { generation, slowest, until: this.now + delayMs });
        return;
      }
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
      case 'connections-cut':
      case 'connections-shed':
      case 'worker-exited':
      case 'fork-failed':
      case 'leader-elected':
      case 'leader-stepped-down':
      case 'fleet-ready':
      case 'size-changed':
      case 'fleet-leaving':
    }
  }

  /** Where no worker can run beside another one, a successor takes the place of a worker that would boot as the old release. */
  #isInPlace(slot: number, generation: number): boolean {
    return (
      this.isRolling &&
      generation === this.target &&
      this.inSlot(slot).length === 0 &&
      !this.isDelayed(slot) &&
      !this.hasSurge() &&
      this.active().every((worker) => worker.generation !== this.target || this.isAvailable(worker))
    );
  }

  /** Its workers begin without a backoff. */
  #takeOver(slot: number): void {
    if (this.#takenOver.has(slot)) return;
    this.#takenOver.add(slot);
    this.earlyExits.forget(slot);
  }

  /** The slots that go back to the stable release begin without a backoff, too. */
  #giveBack(): void {
    for (const slot of this.#takenOver) this.earlyExits.forget(slot);
    this.#takenOver.clear();
  }

  #noteKill(id: number, cause: KillCause): void {
    const worker = this.workers.get(id);
    if (worker === undefined) return;
    if (isActive(worker) && cause !== 'forced') this.#fail(worker, 'timed-out', null);
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
    if (!this.isServing || size === this.size) return;
    this.news.push(news.sizeChanged(this.size, size));
    if (size > this.size) this.isTroubled = true;
    for (let slot = size; slot < this.size; slot += 1) {
      this.#takenOver.delete(slot);
      this.earlyExits.forget(slot);
    }
    this.size = size;
  }

  /** A worker fails only once: one that is incompatible may exit besides. */
  #fail(worker: Known, how: Failure['how'], error: ErrorInfo | null): void {
    if (this.failures.some((failure) => failure.worker.id === worker.id)) return;
    this.isTroubled = true;
    const failure: Failure = { worker: { ...worker }, how, error, release: null, earlyExits: null };
    this.failures.push(failure);
    // Before they count it must be known which slots are taken over.
    if (this.#isHeard) this.#count(failure);
  }

  /** Only workers of the release of a slot count against it. While one retires, its successor counts. */
  #count(failure: Failure): void {
    const { worker } = failure;
    const { slot, generation, state, readyAt } = worker;
    failure.release = slot < this.size ? this.releaseOf(slot) : null;
    if (generation !== failure.release || this.isRetiring(worker)) return;
    const uptimeMs = state === 'booting' ? -Infinity : this.now - readyAt;
    failure.earlyExits = this.earlyExits.add(slot, generation, uptimeMs);
  }

  /** Failures after the one that has aborted the rollout may count against slots that were given back. */
  #countAfter(worker: number | undefined): void {
    const index = this.failures.findIndex((failure) => failure.worker.id === worker);
    if (index === -1) return;
    for (const failure of this.failures.slice(index + 1))
      if (failure.earlyExits === null) this.#count(failure);
  }
}

function isActive(worker: Readonly<Known>): boolean {
  return worker.state === 'booting' || worker.state === 'ready';
}
