// The fake world: it carries out the commands of a fleet, and causes trouble.
import type { Command } from '../../src/fleet/command.ts';
import { createFleet } from '../../src/fleet/fleet.ts';
import type { Generation } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import { Agenda } from './agenda.ts';
import { Clients } from './clients.ts';
import type { Health, History, Trouble } from './history.ts';
import { policies } from './policies.ts';
import { Primary, readingMs } from './primary.ts';
import type { Moment } from './primary.ts';
import { Process } from './process.ts';
import { seeded } from './random.ts';

export class World {
  readonly agenda = new Agenda();
  readonly policy: Policy;
  readonly primary: Primary;
  readonly processes = new Map<number, Process>();
  readonly clients: Clients;
  readonly #history: History;
  /** Called with the commands of each step, before they are carried out. */
  watch: (moment: Moment) => void = () => {};
  readonly #healths: Health[] = ['healthy'];
  #forksFailUntil = -Infinity;
  /** Two processes that did what only the leader may do, at the same time. Null: there never were. */
  twoLeaders: string | null = null;
  #lastGeneration = 1;
  #isMended = false;

  constructor(history: History) {
    this.#history = history;
    this.policy = policies[history.policy];
    const fleet = createFleet(this.policy, history.size, { id: 1, ...release(1) });
    const random = seeded(history.seed);
    this.clients = new Clients(seeded(~history.seed), () => this.#serving());
    this.primary = new Primary(fleet, this.agenda, random, (moment) => this.#obey(moment));
  }

  get isFinished(): boolean {
    return this.primary.fleet.phase.name === 'stopped';
  }

  get isAnyFrozen(): boolean {
    return this.#living().some((process) => process.isFrozen);
  }

  health(entry: string): Health {
    return this.#healths[Number(entry.split('/')[1]) - 1] ?? 'healthy';
  }

  /** Until that much real time has passed, or `until` holds, or the fleet has finished. */
  pass(ms: number, until: () => boolean = () => false): void {
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
    this.watch(moment);
    for (const command of moment.commands) this.#obeyCommand(command);
  }

  /** Forks work again. A frozen worker stays frozen only if the watchdog will notice it: not under a debugger. */
  mend(releases: boolean): void {
    this.#isMended = true;
    if (releases) this.#healths.fill('healthy');
    this.#forksFailUntil = -Infinity;
    for (const process of this.processes.values()) {
      const isNoticed = this.policy.watchdog !== false && process.state === 'ready' && !process.isDebugged;
      if (!isNoticed) process.thaw();
    }
  }

  #obeyCommand(command: Command): void {
    switch (command.type) {
      case 'fork':
        return this.#fork(command.worker, command.generation.entry);
      case 'drain':
        return this.processes.get(command.worker)?.drain(command.graceMs);
      case 'elect':
        return this.processes.get(command.worker)?.elect();
      case 'kill':
        return this.processes.get(command.worker)?.kill();
      case 'shed':
        return this.processes.get(command.worker)?.shed(command.connections);
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
      clients: this.clients,
      leads: (leader) => {
        const other = this.#living().find((each) => each.isLeading && each.id !== leader);
        if (other !== undefined) this.twoLeaders ??= `#${other.id} and #${leader}`;
      },
      awakeNow: () => this.primary.now,
      deliver: (message) =>
        message.type === 'heartbeat'
          ? this.primary.note(message.worker, message.connections)
          : this.primary.hear(message),
    });
    this.processes.set(id, process);
    process.boot();
  }

  strike(trouble: Trouble): void {
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
      case 'worker-disconnects':
        return this.#pick(trouble.pick)?.disconnect();
      case 'worker-frozen':
        return this.#pick(trouble.pick)?.freeze(trouble.ms);
      case 'worker-debugged':
        return this.#pick(trouble.pick)?.debug(trouble.ms);
      case 'worker-retires':
        return this.#pick(trouble.pick)?.retire();
      case 'worker-ignores-drain': {
        const process = this.#pick(trouble.pick);
        if (process !== undefined) process.ignoresDrain = true;
        return;
      }
      case 'worker-unkillable': {
        const process = this.#pick(trouble.pick);
        if (process !== undefined) process.isUnkillable = true;
        return;
      }
      case 'forks-impossible':
        this.#forksFailUntil = this.agenda.now + trouble.ms;
        return;
      case 'restarts':
        for (const health of trouble.releases)
          this.primary.hear({ type: 'restart-requested', generation: this.#deploy(health) });
        return;
      case 'release-changes':
        this.#healths[Number(this.primary.fleet.target.entry.split('/')[1]) - 1] = trouble.health;
        return;
      case 'scale':
        return this.primary.hear({ type: 'scale-requested', size: trouble.size });
      case 'scale-step':
        return this.primary.hear({ type: 'scale-stepped', by: trouble.by });
      case 'last-one-scaled-away':
        return this.#scaleAwayLast(trouble.thenMs);
      case 'primary-sleeps':
        return this.primary.sleep(trouble.ms);
      case 'primary-busy':
        return this.primary.beBusy(trouble.ms);
      case 'stop':
        return this.primary.hear({ type: 'stop-requested', force: trouble.force });
    }
  }

  /** As soon as a rollout has an available successor in a slot that can go. */
  #scaleAwayLast(thenMs: number): void {
    if (this.#isMended) return;
    const { target, stable, workers, slots } = this.primary.fleet;
    const availableBy = this.agenda.now - this.policy.rollout.minReadyMs - readingMs;
    const available = workers.filter(({ id }) => (this.processes.get(id)?.readyAt ?? Infinity) < availableBy);
    const last =
      target.id === stable.id
        ? undefined
        : available.find(
            ({ slot, generation }) => slot > 0 && slot < slots.length && generation === target.id,
          );
    if (last === undefined) return this.agenda.after(100, () => this.#scaleAwayLast(thenMs));
    for (const { id } of available) if (id !== last.id) this.processes.get(id)?.exit(null, 'SIGKILL');
    this.primary.hear({ type: 'scale-requested', size: last.slot });
    this.agenda.after(thenMs, () => this.processes.get(last.id)?.exit(null, 'SIGKILL'));
  }

  #deploy(health: Health | 'same'): Generation {
    if (health !== 'same') this.#healths.push(health);
    this.#lastGeneration += 1;
    return { id: this.#lastGeneration, ...release(this.#healths.length) };
  }

  #living(): readonly Process[] {
    return [...this.processes.values()].filter((process) => process.state !== 'gone');
  }

  /** Those that accept connections. */
  #serving(): readonly Process[] {
    return this.#living().filter(({ state }) => state === 'ready');
  }

  #pick(pick: number): Process | undefined {
    const living = this.#living();
    return living[pick % living.length];
  }
}

function release(number: number): { readonly entry: string; readonly cwd: string } {
  return { entry: `releases/${number}/main.js`, cwd: `releases/${number}` };
}
