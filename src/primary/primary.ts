// Runs in the primary process. Holds the fleet: events go in, commands come out, and it carries them out.
import type { EventEmitter } from 'node:events';
import type { Command } from '../fleet/command.ts';
import type { FleetEvent } from '../fleet/event.ts';
import { createFleet, isServing } from '../fleet/fleet.ts';
import type { Ending, Fleet } from '../fleet/fleet.ts';
import { step } from '../fleet/step.ts';
import { nextWakeAt } from '../fleet/wake.ts';
import { wholePollPhase } from '../net/poll.ts';
import { validateSize } from '../options/index.ts';
import { fromErrorInfo, toPlainError } from '../protocol/error-info.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';
import { AwakeClock, TICK_MS } from './awake-clock.ts';
import type { ClusteredPrimary, Closed } from './clustered-primary.ts';
import { announce } from './observers/announce.ts';
import { AnnouncementEvents } from './observers/announcement-events.ts';
import { AnnouncementLog } from './observers/announcement-log.ts';
import type { ClusteredEvents, PidOf } from './observers/details.ts';
import type { Observer } from './observers/observer.ts';
import { RolloutResults, notStarted } from './observers/rollout-results.ts';
import { WorkerProcesses } from './processes/worker-processes.ts';
import type { Parts } from './processes/worker-processes.ts';
import { logMissedLink, logNotFound } from './releases/release-log.ts';
import { pathsOf } from './releases/release.ts';
import type { PinnedRelease } from './releases/release.ts';
import { statusOf } from './status.ts';

export class Primary implements ClusteredPrimary {
  readonly role = 'primary';
  readonly closed: Promise<Closed>;
  readonly #parts: Parts;
  readonly #clock = new AwakeClock();
  readonly #processes: WorkerProcesses;
  readonly #pidOf: PidOf = (worker) => this.#processes.pidOf(worker);
  readonly #results: RolloutResults;
  readonly #events: AnnouncementEvents;
  readonly #observers: readonly Observer[];
  #fleet: Fleet;
  #timer: NodeJS.Timeout | undefined;
  /** All that workers had sent until then has been read. */
  #heardUntil = 0;
  #settleClosed: (closed: Closed) => void = () => undefined;

  constructor(parts: Parts) {
    const { settings, releases, log } = parts;
    this.#parts = parts;
    this.#processes = new WorkerProcesses(parts, {
      dispatch: (event) => this.#dispatch(event),
      now: () => this.#clock.now(),
      status: () => this.status(),
      restart: () => this.restart(),
    });
    this.#fleet = createFleet(settings.policy, settings.workers, pathsOf(releases.first));
    this.#results = new RolloutResults(this.#pidOf);
    this.#events = new AnnouncementEvents(log, this.#pidOf);
    // The events come last, since their listeners may call back.
    this.#observers = [new AnnouncementLog(log, this.#pidOf), this.#results, this.#events];
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  get events(): EventEmitter<ClusteredEvents> {
    return this.#events.emitter;
  }

  start(): void {
    this.#timePassed();
  }

  async restart(): Promise<RolloutResult> {
    if (!isServing(this.#fleet)) return notStarted('stopping', null);
    const generation = this.#fleet.lastGenerationId + 1;
    let pinned: PinnedRelease;
    try {
      pinned = this.#parts.releases.pin(generation);
    } catch (error) {
      logNotFound(this.#parts.log, error, this.#fleet.target);
      return this.#results.record(notStarted('release-not-found', toPlainError(error)));
    }
    return this.#rollOut(generation, pinned);
  }

  #rollOut(generation: number, pinned: PinnedRelease): Promise<RolloutResult> {
    const { releases, log } = this.#parts;
    const result = this.#results.of(generation);
    this.#dispatch({ type: 'restart-requested', ...pathsOf(pinned) });
    releases.forgetBefore(oldestGeneration(this.#fleet));
    const missed = releases.missedLink(pinned);
    if (missed !== undefined) logMissedLink(log, generation, pinned, missed);
    return result;
  }

  scale(size: number): void {
    this.#dispatch({ type: 'scale-requested', size: validateSize(size, 'size') });
  }

  /** As SIGTTIN and SIGTTOU do it: it stays within the sizes that `scale` allows. */
  stepSize(by: 1 | -1): void {
    this.#dispatch({ type: 'scale-stepped', by });
  }

  close(): Promise<Closed> {
    this.#dispatch({ type: 'stop-requested', force: false });
    return this.closed;
  }

  /** Sends SIGKILL to every worker before it returns. */
  force(): void {
    this.#dispatch({ type: 'stop-requested', force: true });
  }

  status(): FleetStatus {
    const { endpoints } = this.#parts.sockets;
    return statusOf(this.#fleet, { endpoints, lastRollout: this.#results.last, pidOf: this.#pidOf });
  }

  /**
   * The one place where the fleet changes. Observers hear of it after every command is carried out: a log may be slow or
   * broken, and a listener may call back.
   */
  #dispatch(event: FleetEvent): void {
    const context = { now: this.#clock.now(), heardUntil: this.#heardUntil, random: Math.random };
    const [fleet, commands] = step(this.#fleet, event, context);
    this.#fleet = fleet;
    for (const command of commands) this.#carryOut(command);
    this.#wakeLater();
    announce(commands, this.#observers, this.#pidOf);
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

  /** This process may have been stopped, or busy: it first reads what workers have sent until now. */
  async #look(): Promise<void> {
    const now = this.#clock.now();
    await wholePollPhase();
    // The exit of a worker is reported only behind its last message.
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
        return this.#parts.sockets.release();
      case 'announce':
        // Once every command is carried out.
        return undefined;
    }
  }

  async #finish({ exitCode, reason, error }: Ending): Promise<void> {
    const { log } = this.#parts;
    log.info({ reason, exitCode }, 'stopped');
    await log.flush();
    this.#settleClosed({ exitCode, reason, error: error && fromErrorInfo(error) });
  }
}

/** The oldest generation that has workers, or may get some. */
function oldestGeneration({ target, stable, workers }: Fleet): number {
  return Math.min(target.id, stable.id, ...workers.map(({ generation }) => generation));
}
