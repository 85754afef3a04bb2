// The fake world: it obeys the commands of a fleet, and throws trouble at it.
import type { Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import {
  createFleet,
  isFull,
  isOutdated,
  isRolling,
  isServing,
  stayingWorkers,
} from '../../src/fleet/fleet.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import { Agenda } from './agenda.ts';
import type { Health, History, Trouble } from './history.ts';
import { policies } from './policies.ts';
import { Primary } from './primary.ts';
import type { Moment } from './primary.ts';
import { Process } from './process.ts';
import { seeded } from './random.ts';

/** Whoever watches a history being told. */
export interface Observer {
  trouble?(trouble: Trouble): void;
  /** After the commands were given, and before they are obeyed. */
  step?(moment: Moment): void;
  /** The trouble is over; what is wanted was reached, or the fleet has finished. */
  calm?(): void;
  /** The trouble is over, but the releases are as they are; time has passed. */
  endured?(): void;
  end?(): void;
}

export class World {
  readonly agenda = new Agenda();
  readonly policy: Policy;
  readonly primary: Primary;
  readonly processes = new Map<number, Process>();
  readonly #history: History;
  readonly #observers: Observer[] = [];
  readonly #healths: Health[] = ['healthy'];
  #forksFailUntil = -Infinity;

  constructor(history: History) {
    this.#history = history;
    this.policy = policies[history.policy];
    const fleet = createFleet(this.policy, history.size, release(1));
    const random = seeded(history.seed);
    this.primary = new Primary(fleet, this.agenda, random, (moment) => this.#obey(moment));
  }

  watchedBy(...observers: readonly Observer[]): this {
    this.#observers.push(...observers);
    return this;
  }

  get isFinished(): boolean {
    return this.primary.fleet.phase.name === 'stopped';
  }

  health(entry: string): Health {
    return this.#healths[Number(entry.split('/')[1]) - 1] ?? 'healthy';
  }

  /** Trouble, then time to become what is wanted, then quiet, then the end. */
  tell(): void {
    const { agenda, primary } = this;
    primary.tick();
    let at = this.#history.calmMs;
    for (const [delay, trouble] of this.#history.troubles) {
      at += delay;
      agenda.after(at, () => this.#strike(trouble));
    }
    this.#pass(at, () => false);
    this.#mend();
    this.#pass(120_000, () => !primary.isAsleep);
    if (this.#history.isMended) this.#recover();
    else this.#endure();
    if (isServing(primary.fleet)) primary.hear({ type: 'stop-asked', force: false });
    this.#pass(60_000, () => false);
    for (const observer of this.#observers) observer.end?.();
  }

  #recover(): void {
    this.#pass(this.#aftermathMs(), () => false);
    this.#pass(this.#patienceMs(), () => isAsWanted(this.primary.fleet));
    for (const observer of this.#observers) observer.calm?.();
    this.#pass(12_000, () => false);
  }

  /** The releases stay as they are: at least a rollout has to end, one way or the other. */
  #endure(): void {
    this.#pass(1_200_000, () => !isRolling(this.primary.fleet));
    for (const observer of this.#observers) observer.endured?.();
  }

  /** Who is frozen stays so where the watchdog will notice. */
  #mend(): void {
    if (this.#history.isMended) this.#healths.fill('healthy');
    this.#forksFailUntil = -Infinity;
    for (const process of this.processes.values()) {
      if (this.policy.watchdog === false || process.state !== 'ready') process.thaw();
    }
  }

  /** Until the last process that was made to misbehave has done so, or was found out. */
  #aftermathMs(): number {
    return 8_000 + (this.policy.watchdog === false ? 0 : this.policy.watchdog.timeoutMs);
  }

  /** Long enough for every deadline, one after the other. */
  #patienceMs(): number {
    const { boot, respawn, rollout, watchdog } = this.policy;
    const once = boot.timeoutMs + respawn.backoff.maxMs + (watchdog === false ? 0 : watchdog.timeoutMs);
    return 10_000 + once + 8 * (2_000 + rollout.minReadyMs);
  }

  #pass(ms: number, until: () => boolean): void {
    const { agenda, primary } = this;
    const end = agenda.now + ms;
    while (!this.isFinished && !until()) {
      const nextAt = Math.min(agenda.nextAt, primary.timerAt);
      if (nextAt > end) {
        agenda.now = Math.max(agenda.now, end);
        return;
      }
      if (primary.timerAt <= agenda.nextAt) primary.tick();
      else agenda.runNext();
    }
  }

  #obey(moment: Moment): void {
    for (const observer of this.#observers) observer.step?.(moment);
    for (const command of moment.commands) this.#obeyCommand(command);
  }

  #obeyCommand(command: Command): void {
    switch (command.type) {
      case 'fork':
        return this.#fork(command.worker, command.generation.entry);
      case 'drain':
        return this.processes.get(command.worker)?.drain(command.graceMs);
      case 'kill':
        return this.processes.get(command.worker)?.kill();
      case 'leave':
      case 'release-sockets':
      case 'finish':
      case 'announce':
        return;
    }
  }

  #fork(id: number, entry: string): void {
    if (this.agenda.now < this.#forksFailUntil) {
      const error = { name: 'Error', message: 'spawn EAGAIN', stack: null, code: 'EAGAIN' };
      return this.agenda.after(0, () => this.primary.hear({ type: 'fork-failed', worker: id, error }));
    }
    const random = seeded(this.#history.seed + Math.imul(id, 0x9e3779b9));
    const process = new Process(id, this.health(entry), random, {
      agenda: this.agenda,
      policy: this.policy,
      awakeNow: () => this.primary.now,
      deliver: (event: FleetEvent) => this.primary.hear(event),
    });
    this.processes.set(id, process);
    process.boot();
  }

  #strike(trouble: Trouble): void {
    for (const observer of this.#observers) observer.trouble?.(trouble);
    switch (trouble.type) {
      case 'worker-killed':
        return this.#pick(trouble.pick)?.exit(null, 'SIGKILL');
      case 'all-killed':
        for (const process of this.#living()) process.exit(null, 'SIGKILL');
        return;
      case 'worker-exits':
        return this.#pick(trouble.pick)?.exit(0, null);
      case 'worker-throws':
        return this.#pick(trouble.pick)?.fail();
      case 'worker-frozen':
        return this.#pick(trouble.pick)?.freeze(trouble.ms);
      case 'worker-tires':
        return this.#pick(trouble.pick)?.tire();
      case 'worker-deaf': {
        const process = this.#pick(trouble.pick);
        if (process !== undefined) process.isDeaf = true;
        return;
      }
      case 'worker-undying': {
        const process = this.#pick(trouble.pick);
        if (process !== undefined) process.isUndying = true;
        return;
      }
      case 'forks-impossible':
        this.#forksFailUntil = this.agenda.now + trouble.ms;
        return;
      case 'restarts':
        for (const health of trouble.releases)
          this.primary.hear({ type: 'restart-asked', ...this.#deploy(health) });
        return;
      case 'release-changes':
        this.#healths[Number(this.primary.fleet.wanted.entry.split('/')[1]) - 1] = trouble.health;
        return;
      case 'scale':
        return this.primary.hear({ type: 'size-asked', size: trouble.size });
      case 'scale-step':
        return this.primary.hear({ type: 'size-stepped', by: trouble.by });
      case 'primary-sleeps':
        return this.primary.sleep(trouble.ms);
      case 'stop':
        return this.primary.hear({ type: 'stop-asked', force: trouble.force });
    }
  }

  #deploy(health: Health | 'same'): { readonly entry: string; readonly cwd: string } {
    if (health !== 'same') this.#healths.push(health);
    return release(this.#healths.length);
  }

  #living(): readonly Process[] {
    return [...this.processes.values()].filter((process) => process.state !== 'gone');
  }

  #pick(pick: number): Process | undefined {
    const living = this.#living();
    return living[pick % living.length];
  }
}

function release(number: number): { readonly entry: string; readonly cwd: string } {
  return { entry: `releases/${number}/main.js`, cwd: `releases/${number}` };
}

function isAsWanted(fleet: Fleet): boolean {
  const staying = stayingWorkers(fleet);
  return (
    isFull(fleet) &&
    !isRolling(fleet) &&
    staying.length === fleet.slots.length &&
    staying.every((worker) => !isOutdated(fleet, worker))
  );
}
