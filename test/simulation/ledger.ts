// What is known of a fleet from its events and commands alone: a second opinion, kept without looking at the fleet.
import type { Announcement, Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import type { Ending } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { DrainCause, KillCause } from '../../src/fleet/worker.ts';

import { fresh, judge, nothing } from './judgement.ts';
import type { Failure, SlotPatience, Verdict } from './judgement.ts';

export interface Known {
  readonly id: number;
  readonly slot: number;
  readonly generation: number;
  readonly forkedAt: number;
  state: 'booting' | 'ready' | 'leaving' | 'killed';
  readyAt: number;
  heardAt: number;
  /** Leaving: when patience must end. */
  leaveBy: number;
  killedAt: number;
  isTired: boolean;
  isToldToLeave: boolean;
  isToldToStop: boolean;
}

export interface Drain {
  readonly worker: Readonly<Known>;
  readonly cause: DrainCause;
  readonly wasReady: boolean;
}

export class Ledger {
  now = 0;
  heardUntil = 0;
  size: number;
  phase: 'starting' | 'running' | 'leaving' | 'stopping' | 'stopped' = 'starting';
  target = 1;
  stable = 1;
  lastGeneration = 1;
  lastWorker = 0;
  /** The releases behind the generations. */
  readonly entries = new Map<number, string>();
  readonly aborted = new Set<number>();
  /** Rollouts that have not ended. */
  readonly rolling = new Set<number>();
  readonly workers = new Map<number, Known>();
  slots: SlotPatience[];
  /** Something crashed, or more workers became wanted, since every slot was last filled. */
  isTroubled = true;
  leavingAt = Infinity;
  stoppingAt = Infinity;
  forcedAt = Infinity;
  socketsReleased = 0;
  /** Why it will have ended, as far as anybody knows. */
  ending: Ending['reason'] = 'requested';

  // Of the step under way.
  drains: Drain[] = [];
  aborts: number[] = [];
  completions: number[] = [];
  delays: { readonly slot: number; readonly earlyExits: number; readonly delayMs: number }[] = [];
  verdict: Verdict = nothing();
  #deaths: Failure[] = [];
  readonly policy: Policy;

  constructor(policy: Policy, size: number, entry: string) {
    this.policy = policy;
    this.size = size;
    this.slots = Array.from({ length: size }, fresh);
    this.entries.set(1, entry);
  }

  get isServing(): boolean {
    return this.phase === 'starting' || this.phase === 'running';
  }

  /** The service is there for clients, though it may be about to stop: until draining begins, empty slots are filled. */
  get isRespawning(): boolean {
    const isLeaving = this.phase === 'leaving' && this.now < this.leavingAt + this.policy.shutdown.delayMs;
    return this.isServing || isLeaving;
  }

  /** Nobody serves, although the policy asks for it, and the new release has still to show that it works. */
  get isStranded(): boolean {
    return this.isAtRisk && this.ready().length === 0;
  }

  /** The same, or nobody who does is reliable. */
  get isAtRisk(): boolean {
    const mustServe = this.size > this.policy.rollout.maxUnavailable;
    const isRolling = this.phase === 'running' && this.target !== this.stable;
    return isRolling && mustServe && this.reliable().length === 0;
  }

  staying(): readonly Known[] {
    return [...this.workers.values()].filter(isActive);
  }

  ready(): readonly Known[] {
    return [...this.workers.values()].filter((worker) => worker.state === 'ready');
  }

  areEnoughBooting(generation: number): boolean {
    const booting = this.staying().filter(
      (worker) => worker.state === 'booting' && worker.generation === generation,
    );
    return booting.length >= this.policy.boot.concurrency;
  }

  /** Those whose readiness can be built on. */
  reliable(): readonly Known[] {
    return this.ready().filter((worker) => this.isAvailable(worker));
  }

  /** The workers of a slot that need no replacement. */
  current(slot: number): readonly Known[] {
    return this.staying().filter((worker) => worker.slot === slot && !this.isOld(worker));
  }

  isOld(worker: Readonly<Known>): boolean {
    return worker.generation < this.target || worker.isTired;
  }

  isAvailable(worker: Readonly<Known>): boolean {
    return worker.state === 'ready' && this.heardUntil >= worker.readyAt + this.policy.rollout.minReadyMs;
  }

  begin(now: number, heardUntil: number): void {
    this.now = now;
    this.heardUntil = heardUntil;
    this.drains = [];
    this.aborts = [];
    this.completions = [];
    this.delays = [];
    this.verdict = nothing();
    this.#deaths = [];
    this.slots.forEach((patience, slot) => {
      if (patience.earlyExits === 0) return;
      const { minUptimeMs } = this.policy.respawn;
      const isHealthy = this.current(slot).some(
        ({ state, readyAt }) => state === 'ready' && heardUntil >= readyAt + minUptimeMs,
      );
      if (isHealthy) Object.assign(patience, { earlyExits: 0, notBefore: 0 });
    });
  }

  hear(event: FleetEvent): void {
    switch (event.type) {
      case 'time-passed':
        for (const [id, at] of event.heard) {
          const worker = this.workers.get(id);
          if (worker?.state === 'ready') worker.heardAt = Math.max(worker.heardAt, at);
        }
        return;
      case 'restart-requested':
        if (!this.isServing) return;
        this.lastGeneration += 1;
        // What was settled stays so in a rollout that is superseded, and what is counted of it.
        this.slots = this.slots.map(({ stopgap }) =>
          this.target === this.stable ? fresh() : { ...fresh(), stopgap },
        );
        this.target = this.lastGeneration;
        this.entries.set(this.target, event.entry);
        return;
      case 'scale-requested':
        return this.#resize(event.size);
      case 'scale-stepped':
        return this.#resize(Math.min(this.policy.maxWorkers, Math.max(1, this.size + event.by)));
      case 'stop-requested':
        if (this.phase === 'stopped') return;
        if (event.force) {
          this.forcedAt = Math.min(this.forcedAt, this.now);
          this.ending = 'forced';
        }
        if (!this.isServing) return;
        this.phase = 'leaving';
        this.leavingAt = this.now;
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

  #hearOf(worker: Known, event: Extract<FleetEvent, { worker: number }>): void {
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
        if (worker.state === 'ready') worker.isTired = true;
        return;
      case 'worker-failing':
      case 'worker-disconnected':
        if (!isActive(worker)) return;
        this.#die(worker);
        worker.state = 'leaving';
        worker.leaveBy = this.now + shutdown.graceMs + closeMs;
        return;
      case 'worker-incompatible':
        // The kill that must follow is the death.
        return;
      case 'worker-exited':
      case 'fork-failed':
        if (isActive(worker)) this.#die(worker);
        else if (event.type === 'worker-exited' && (event.code ?? 0) !== 0) this.#spoil('unclean');
        this.workers.delete(worker.id);
    }
  }

  obey(command: Command): void {
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
          isTired: false,
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
        if (command.cause === 'shutdown') worker.isToldToStop = true;
        return;
      }
      case 'leave': {
        const worker = this.workers.get(command.worker);
        if (worker !== undefined) worker.isToldToLeave = true;
        return;
      }
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
        return;
      case 'rollout-aborted':
        this.rolling.delete(announcement.generation);
        this.aborted.add(announcement.generation);
        this.aborts.push(announcement.generation);
        this.target = this.stable;
        // A stop aborts after the deaths of its step were judged.
        if (announcement.reason === 'stopping') this.slots = this.slots.map(fresh);
        // What the slots have counted else was judged with the deaths of this step, of which some may have come after the abort.
        return;
      case 'respawn-delayed': {
        const slot = this.slots[announcement.slot];
        const isOfNew = this.target === this.stable || announcement.generation === this.target;
        const patience = isOfNew ? slot : slot?.stopgap;
        if (patience !== undefined) patience.notBefore = this.now + announcement.delayMs;
        this.delays.push(announcement);
        return;
      }
      case 'fleet-stopping':
        this.phase = 'stopping';
        this.stoppingAt = this.now;
        return;
      case 'worker-forked':
      case 'worker-ready':
      case 'worker-draining':
      case 'worker-failing':
      case 'worker-disconnected':
      case 'worker-exited':
      case 'fork-failed':
      case 'fleet-ready':
      case 'size-changed':
      case 'fleet-leaving':
    }
  }

  #noteKill(id: number, cause: KillCause): void {
    const worker = this.workers.get(id);
    if (worker === undefined) return;
    if (isActive(worker) && cause !== 'forced') this.#die(worker);
    if (cause === 'drain-timeout') this.#spoil('timed-out');
    worker.state = 'killed';
    worker.killedAt = this.now;
  }

  /** What must follow from the deaths of this step. */
  judge(): void {
    this.verdict = judge(this, this.#deaths, this.policy);
    this.ending = this.verdict.ends ?? this.ending;
  }

  end(): void {
    const filled = new Set(this.ready().map((worker) => worker.slot));
    if (this.slots.every((_, slot) => filled.has(slot))) this.isTroubled = false;
  }

  /** A shutdown in which somebody had to be killed, or failed, is no success; the first reason stands. */
  #spoil(reason: 'timed-out' | 'unclean'): void {
    if (this.phase === 'stopping' && this.ending === 'requested') this.ending = reason;
  }

  #resize(size: number): void {
    if (!this.isServing) return;
    if (size > this.size) this.isTroubled = true;
    this.slots = Array.from({ length: size }, (_, slot) => this.slots[slot] ?? fresh());
    this.size = size;
  }

  #die(worker: Known): void {
    this.isTroubled = true;
    this.#deaths.push({ worker: { ...worker }, wasReady: worker.state === 'ready' });
  }
}

function isActive(worker: Readonly<Known>): boolean {
  return worker.state === 'booting' || worker.state === 'ready';
}
