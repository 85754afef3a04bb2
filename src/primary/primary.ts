// Runs in the primary process. Holds the fleet: events go in, commands come out and are carried out.
import type { EventEmitter } from 'node:events';
import process from 'node:process';
import type { Command } from '../fleet/command.ts';
import type { FleetEvent } from '../fleet/event.ts';
import { createFleet, isMixed, isRolling, isServing } from '../fleet/fleet.ts';
import type { Ending, Fleet } from '../fleet/fleet.ts';
import { step } from '../fleet/step.ts';
import { nextWakeAt } from '../fleet/wake.ts';
import { fromErrorInfo, toErrorInfo, toPlainError } from '../protocol/error-info.ts';
import type { RequestName, Responses } from '../protocol/requests.ts';
import { validateSize } from '../options/index.ts';
import { wholePollPhase } from '../net/poll.ts';
import { mapError } from '../status.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';
import { AwakeClock, TICK_MS } from './awake-clock.ts';
import { createJournal } from './observers/journal.ts';
import type { ClusteredEvents, Journal } from './observers/journal.ts';
import type { PrimaryLog } from './log/logger.ts';
import type { PinnedRelease } from './releases/release.ts';
import { Rollouts } from './observers/rollouts.ts';
import { WorkerProcesses } from './processes/worker-processes.ts';
import type { Parts } from './processes/worker-processes.ts';

/** How the fleet ended. */
export interface Closed {
  readonly exitCode: 0 | 1;
  readonly reason: Ending['reason'];
  readonly error: Error | null;
}

/** What startClustered gives in the primary process. */
export interface ClusteredPrimary {
  readonly role: 'primary';
  /** The fleet at this moment. */
  status(): FleetStatus;
  /**
   * Rolling restart, as SIGUSR2 does it: the release behind `entry` and `cwd` is pinned anew, and every worker is
   * replaced by one of it. Never rejects: an abort is a result. Called during a rollout it supersedes that one.
   */
  restart(): Promise<RolloutResult>;
  /**
   * Changes how many workers are wanted, from 1 to 1,024, as many as the option `workers` allows. The event
   * `fleet-ready` tells when they are all ready.
   * @throws FST_CLUSTERED_OPTION_INVALID: not a whole number from 1 to 1,024
   */
  scale(size: number): void;
  /** Graceful shutdown, as SIGTERM does it, but the process goes on. Later calls share the promise. */
  close(): Promise<Closed>;
  /** Settles when the fleet has ended, for whatever reason. Never rejects. */
  readonly closed: Promise<Closed>;
  readonly events: EventEmitter<ClusteredEvents>;
}

export class Primary implements ClusteredPrimary {
  readonly role = 'primary';
  readonly closed: Promise<Closed>;
  readonly #parts: Parts;
  readonly #clock = new AwakeClock();
  readonly #processes: WorkerProcesses;
  readonly #log: PrimaryLog;
  readonly #rollouts = new Rollouts();
  readonly #journal: Journal;
  #fleet: Fleet;
  #timer: NodeJS.Timeout | undefined;
  /** Whatever workers had said until then has been read. */
  #heardUntil = 0;
  #settleClosed: (closed: Closed) => void = () => undefined;

  constructor(parts: Parts, log: PrimaryLog) {
    const { settings, releases } = parts;
    this.#parts = parts;
    this.#log = log;
    this.#processes = new WorkerProcesses(parts, {
      happened: (event) => this.#dispatch(event),
      now: () => this.#clock.now(),
      requested: (name) => this.#respond(name),
      movedOn: ({ id: generation, entry, cwd }, instead) =>
        log.warn({ generation, entry, cwd, instead: names(instead) }, 'release gone, resolved anew'),
    });
    this.#fleet = createFleet(settings.policy, settings.workers, names(releases.first));
    this.#journal = createJournal(log, (worker) => this.#processes.pidOf(worker));
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  get events(): EventEmitter<ClusteredEvents> {
    return this.#journal.events;
  }

  start(): void {
    this.#timePassed();
  }

  restart(): Promise<RolloutResult> {
    if (!isServing(this.#fleet)) {
      return Promise.resolve({ outcome: 'aborted', generation: null, reason: 'stopping', error: null });
    }
    try {
      const generation = this.#fleet.lastGenerationId + 1;
      const pinned = this.#parts.releases.pin(generation);
      const result = this.#rollouts.expect(generation);
      this.#dispatch({ type: 'restart-requested', ...names(pinned) });
      this.#parts.releases.forgetBefore(oldestGeneration(this.#fleet));
      this.#warnOfMissed(generation, pinned);
      return result;
    } catch (error) {
      this.#log.error({ err: toPlainError(error), target: this.#fleet.target }, 'rollout not started');
      const reason = 'release-not-found';
      return Promise.resolve(
        this.#rollouts.end({ outcome: 'aborted', generation: null, reason, error: toPlainError(error) }),
      );
    }
  }

  /** All goes on as it was asked for; but whoever has moved the link did mean the release that it leads to. */
  #warnOfMissed(generation: number, pinned: PinnedRelease): void {
    const missed = this.#parts.releases.missed(pinned);
    if (missed === undefined) return;
    const { inPart, ...facts } = missed;
    const message = inPart ? 'link moved, followed in part' : 'link moved, not followed';
    this.#log.warn({ generation, ...names(pinned), ...facts }, message);
  }

  scale(size: number): void {
    this.#dispatch({ type: 'scale-requested', size: validateSize(size, 'size') });
  }

  /** As SIGTTIN and SIGTTOU do it: it stays where `scale` could go. */
  stepSize(by: 1 | -1): void {
    this.#dispatch({ type: 'scale-stepped', by });
  }

  close(): Promise<Closed> {
    this.#dispatch({ type: 'stop-requested', force: false });
    return this.closed;
  }

  /** Everybody is killed before this returns. */
  force(): void {
    this.#dispatch({ type: 'stop-requested', force: true });
  }

  status(): FleetStatus {
    const fleet = this.#fleet;
    return {
      pid: process.pid,
      phase: fleet.phase.name,
      size: fleet.slots.length,
      target: fleet.target,
      stable: fleet.stable,
      rolling: isRolling(fleet),
      mixed: isMixed(fleet),
      addresses: this.#parts.listener.addresses,
      workers: fleet.workers.map(({ id, slot, state, generation }) => ({
        slot,
        pid: this.#processes.pidOf(id),
        state,
        generation,
      })),
      lastRollout: this.#rollouts.last && mapError(this.#rollouts.last, toErrorInfo),
    };
  }

  /**
   * The one place where the fleet changes. It is told after all is done: in the log, which may be slow or broken; and to
   * listeners, which may call back.
   */
  #dispatch(event: FleetEvent): void {
    const context = { now: this.#clock.now(), heardUntil: this.#heardUntil, random: Math.random };
    const [fleet, commands] = step(this.#fleet, event, context);
    this.#fleet = fleet;
    for (const command of commands) this.#carryOut(command);
    this.#wakeLater();
    const announcements = commands.flatMap((command) =>
      command.type === 'announce' ? [command.announcement] : [],
    );
    for (const announcement of announcements) this.#journal.log(announcement);
    for (const announcement of announcements) {
      this.#rollouts.hear(announcement);
      this.#journal.emit(announcement);
    }
    if (event.type === 'worker-exited' || event.type === 'fork-failed') this.#processes.forget(event.worker);
    for (const command of commands) if (command.type === 'finish') void this.#finish(command.ending);
  }

  #wakeLater(): void {
    clearTimeout(this.#timer);
    if (this.#fleet.phase.name === 'stopped') return;
    // At least every tick, for the awake clock, however much happens in between.
    const wakeAt = Math.min(nextWakeAt(this.#fleet), this.#heardUntil + TICK_MS);
    const delay = Math.max(0, wakeAt - this.#fleet.asOf);
    // Node's timers drop fractions.
    this.#timer = setTimeout(() => void this.#look(), Math.ceil(delay));
  }

  /** This process may have been stopped, or busy: what workers have said until now is read first. */
  async #look(): Promise<void> {
    const now = this.#clock.now();
    await wholePollPhase();
    // The end of a worker is told behind its last words.
    await wholePollPhase();
    this.#heardUntil = now;
    if (this.#fleet.phase.name !== 'stopped') this.#timePassed();
  }

  #timePassed(): void {
    this.#dispatch({ type: 'time-passed', heard: this.#processes.takeSignsOfLife() });
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case 'fork':
      case 'drain':
      case 'leave':
      case 'kill':
        return this.#processes.carryOut(command);
      case 'release-sockets':
      case 'finish':
        return this.#parts.listener.release();
      case 'announce':
        // When all is done.
        return undefined;
    }
  }

  async #respond(name: RequestName): Promise<Responses[RequestName]> {
    return name === 'status' ? this.status() : mapError(await this.restart(), toErrorInfo);
  }

  async #finish({ exitCode, reason, error }: Ending): Promise<void> {
    this.#log.info({ reason, exitCode }, 'stopped');
    await this.#log.flush();
    this.#settleClosed({ exitCode, reason, error: error && fromErrorInfo(error) });
  }
}

/** What is told of a release. */
function names({ entry, cwd }: PinnedRelease): { readonly entry: string; readonly cwd: string } {
  return { entry, cwd };
}

/** Which is still to be forked, or has workers. */
function oldestGeneration({ target, stable, workers }: Fleet): number {
  return Math.min(target.id, stable.id, ...workers.map(({ generation }) => generation));
}
