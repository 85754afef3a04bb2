// Runs in the primary process. Holds the fleet: what has happened goes in, commands come out, and it carries them out.
import type { EventEmitter } from 'node:events';
import type { Command } from '../fleet/command.ts';
import type { FleetEvent } from '../fleet/event.ts';
import { createFleet, isServing } from '../fleet/fleet.ts';
import type { Ending, Fleet } from '../fleet/fleet.ts';
import { step } from '../fleet/step.ts';
import { nextWakeAt } from '../fleet/wake.ts';
import { ReleaseNotFoundError } from '../errors.ts';
import { validateSize } from '../options/index.ts';
import { toBroadcast } from '../protocol/broadcast.ts';
import { fromErrorInfo, toPlainError } from '../protocol/error-info.ts';
import type { FleetStatus, ResourcesStatus, RolloutResult } from '../status.ts';
import { AwakeClock, TICK_MS } from './awake-clock.ts';
import type { ClusteredPrimary, Closed } from './clustered-primary.ts';
import { announce } from './observers/announce.ts';
import { AnnouncementEvents } from './observers/announcement-events.ts';
import { AnnouncementLog } from './observers/announcement-log.ts';
import type { ClusteredEvents, PidOf } from './observers/details.ts';
import { FailureReport } from './observers/failure-report.ts';
import type { Observer } from './observers/observer.ts';
import { RolloutResults, notStarted } from './observers/rollout-results.ts';
import { Inbox } from './inbox.ts';
import { WorkerProcesses } from './processes/worker-processes.ts';
import type { Parts } from './processes/worker-processes.ts';
import { logLeftFiles, logMissedLink, logNotStarted } from './releases/release-log.ts';
import { pathsOf } from './releases/release.ts';
import type { PinnedRelease } from './releases/release.ts';
import { resourcesStatus } from './resources/resources-status.ts';
import { statusOf } from './status.ts';

export class Primary implements ClusteredPrimary {
  readonly role = 'primary';
  readonly closed: Promise<Closed>;
  readonly #parts: Parts;
  readonly #clock = new AwakeClock();
  readonly #inbox = new Inbox(this.#clock, (events, now) => this.#step(events, now));
  readonly #processes: WorkerProcesses;
  readonly #pidOf: PidOf = (worker) => this.#processes.pidOf(worker);
  readonly #results: RolloutResults;
  readonly #events: AnnouncementEvents;
  #observers: readonly Observer[];
  #fleet: Fleet;
  #lastGeneration = 1;
  /** A stop was requested, and maybe not heard of by the fleet yet. */
  #isStopping = false;
  #settleClosed: (closed: Closed) => void = () => undefined;

  constructor(parts: Parts) {
    const { settings, releases, log } = parts;
    this.#parts = parts;
    this.#processes = new WorkerProcesses(parts, {
      dispatch: (event) => this.#inbox.add(event),
      now: () => this.#clock.now(),
      size: () => this.#fleet.slots.length,
      status: () => this.status(),
      restart: () => this.restart(),
    });
    this.#fleet = createFleet(settings.policy, settings.workers, {
      id: this.#lastGeneration,
      ...pathsOf(releases.first),
    });
    this.#results = new RolloutResults(this.#pidOf);
    this.#events = new AnnouncementEvents(log, this.#pidOf);
    // The events come last, since their listeners may call back.
    const teller =
      settings.logger === false
        ? new FailureReport(this.#pidOf)
        : new AnnouncementLog(log, this.#pidOf, () => this.#processes.urls());
    this.#observers = [teller, this.#results, this.#events];
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  get events(): EventEmitter<ClusteredEvents> {
    return this.#events.emitter;
  }

  /** It hears after all others, so that the status has what they noted. To be called before the start. */
  observe(observer: Observer): void {
    this.#observers = [...this.#observers, observer];
  }

  start(): void {
    this.#processes.start();
    this.#step([], this.#clock.now());
  }

  async restart(): Promise<RolloutResult> {
    if (this.#isStopping || !isServing(this.#fleet)) return notStarted('stopping', null);
    const generation = this.#lastGeneration + 1;
    let pinned: PinnedRelease;
    try {
      pinned = this.#parts.releases.pin(generation);
    } catch (error) {
      logNotStarted(this.#parts.log, error, this.#fleet.target);
      const reason = error instanceof ReleaseNotFoundError ? 'release-not-found' : 'env-failed';
      return this.#results.record(notStarted(reason, toPlainError(error)));
    }
    return this.#rollOut(generation, pinned);
  }

  #rollOut(generation: number, pinned: PinnedRelease): Promise<RolloutResult> {
    const { releases, log } = this.#parts;
    this.#lastGeneration = generation;
    const result = this.#results.of(generation);
    this.#inbox.add({ type: 'restart-requested', generation: { id: generation, ...pathsOf(pinned) } });
    const missed = releases.missedLink(pinned);
    if (missed !== undefined) logMissedLink(log, generation, pinned, missed);
    const left = releases.leftFiles(generation);
    if (left.length > 0) logLeftFiles(log, generation, pinned, left);
    return result;
  }

  scale(size: number): void {
    this.#inbox.add({ type: 'scale-requested', size: validateSize(size, 'size') });
  }

  /** As SIGTTIN and SIGTTOU do it: it stays within the sizes that `scale` allows. */
  stepSize(by: 1 | -1): void {
    this.#inbox.add({ type: 'scale-stepped', by });
  }

  broadcast(topic: string, data: unknown): void {
    this.#processes.broadcast(toBroadcast(topic, data), null);
  }

  close(): Promise<Closed> {
    this.#stop(false);
    return this.closed;
  }

  /** Kills every worker. */
  force(): void {
    this.#stop(true);
  }

  #stop(force: boolean): void {
    this.#isStopping = true;
    if (force) this.#inbox.addUrgent({ type: 'stop-requested', force });
    else this.#inbox.add({ type: 'stop-requested', force });
  }

  status(): FleetStatus {
    const { endpoints } = this.#parts.sockets;
    return statusOf(this.#fleet, {
      endpoints,
      balance: this.#parts.settings.balance,
      resources: this.#resources(),
      lastRollout: this.#results.last,
      pidOf: this.#pidOf,
    });
  }

  #resources(): ResourcesStatus {
    const { resources, settings, releases } = this.#parts;
    const options = releases.optionsOf(this.#fleet.target.id);
    return resourcesStatus(resources, settings, { size: this.#fleet.slots.length, options });
  }

  /**
   * The one place where the fleet changes. Observers hear of it after every command is carried out: a log may be slow or
   * broken, and a listener may call back.
   */
  #step(events: readonly FleetEvent[], now: number): void {
    if (this.#fleet.phase.name === 'stopped') return;
    const heard = this.#processes.takeHeartbeats();
    this.#processes.lookForOomKills();
    const all: readonly FleetEvent[] = heard.size === 0 ? events : [{ type: 'heartbeats', heard }, ...events];
    const [fleet, commands] = step(this.#fleet, all, { now, random: Math.random });
    this.#fleet = fleet;
    for (const command of commands) this.#carryOut(command);
    // At least every tick, for the awake clock.
    if (fleet.phase.name === 'stopped') this.#rest();
    else this.#inbox.readAt(Math.min(nextWakeAt(fleet), now + TICK_MS));
    this.#parts.releases.forgetBefore(oldestGeneration(fleet));
    announce(commands, this.#observers, this.#pidOf);
    if (!isServing(fleet)) this.#results.abandon();
    for (const event of events) {
      if (event.type === 'worker-exited' || event.type === 'fork-failed')
        this.#processes.forget(event.worker);
    }
    for (const command of commands) if (command.type === 'finish') void this.#finish(command.ending);
  }

  /** No timer is left. */
  #rest(): void {
    this.#inbox.stop();
    this.#processes.stop();
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case 'fork':
      case 'drain':
      case 'elect':
      case 'leave':
      case 'shed':
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
function oldestGeneration({ slots, stable, workers }: Fleet): number {
  return Math.min(
    stable.id,
    ...slots.map(({ release }) => release.id),
    ...workers.map(({ generation }) => generation),
  );
}
