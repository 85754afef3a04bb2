// Counts what came up in the histories: a simulation in which nothing happens breaks no invariant either.
import type { Announcement, Command } from '../../src/fleet/command.ts';
import { isSlowest } from '../../src/fleet/backoff.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import { findWorker, isAvailable, isMixed, isOutdated, isRolling } from '../../src/fleet/fleet.ts';
import { isServing, readyWorkers } from '../../src/fleet/fleet.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { inSlot } from '../../src/fleet/occupancy.ts';
import { mostDraining } from '../../src/fleet/policy.ts';
import { areEnoughBooting } from '../../src/fleet/slot.ts';
import { isActive } from '../../src/fleet/worker.ts';
import type { Active, DrainCause, Worker } from '../../src/fleet/worker.ts';
import type { Trouble } from './history.ts';
import { leaderSituations } from './leader-situations.ts';
import type { Moment } from './primary.ts';
import type { Observer } from './telling.ts';

/** Commands and announcements that at least one history of a run must have. */
const happenings: readonly string[] = [
  ...['completed', 'superseded'].map((end) => `rollout-${end}`),
  ...['boot-failed', 'boot-timeout', 'crashed', 'fork-failed', 'incompatible', 'stopping'].map(
    (reason) => `rollout-aborted: ${reason}`,
  ),
  ...['rollout', 'recycle', 'scale', 'cancelled', 'shutdown'].map((cause) => `drain: ${cause}`),
  ...['boot-timeout', 'watchdog', 'drain-timeout', 'incompatible', 'forced'].map((cause) => `kill: ${cause}`),
  ...['requested', 'forced', 'timed-out', 'unclean', 'boot-failed', 'gave-up'].map(
    (reason) => `finish: ${reason}`,
  ),
  'worker-failing',
  'worker-disconnected',
  'fork-failed',
  'fleet-ready',
  'fleet-leaving',
  'size-changed',
  'leave',
  'respawn-delayed',
  'respawn-delayed: slowest',
  'shed',
];

/** One of the events of a step, and the step. */
interface Happening extends Moment {
  /** Undefined: nothing but time. */
  readonly event: FleetEvent | undefined;
}

type Situation = (happening: Happening, seen: ReadonlySet<string>) => boolean;

/** Situations that at least one history of a run must have: several things that come together. */
const situations: Readonly<Record<string, Situation>> = {
  'a debugger stops a worker for longer than it may take to boot, or to be heard of': ({
    event,
    before,
    now,
  }) => {
    if (event?.type !== 'debugger-closed') return false;
    const worker = findWorker(before, event.worker);
    if (worker?.state === 'booting') return now > worker.forkedAt + before.policy.boot.timeoutMs;
    const { watchdog } = before.policy;
    return worker?.state === 'ready' && watchdog !== false && now > worker.heardAt + watchdog.timeoutMs;
  },
  'a rollout aborts, a later one completes': (moment, seen) =>
    says(moment, 'rollout-completed') && [...seen].some((word) => word.startsWith('rollout-aborted')),
  'a rollout aborts because an available worker failed too often': (moment) => {
    const failed = subject(moment);
    return says(moment, 'rollout-aborted') && failed !== undefined && isAvailable(moment.before, failed);
  },
  'a worker crashes, the rollout goes on': ({ event, before, after }) =>
    event?.type === 'worker-exited' &&
    activeWorkers(before).some(({ id }) => id === event.worker) &&
    isRolling(before) &&
    before.target === after.target,
  'a worker crashes in a rollout, and comes back as what it was': ({ after, commands }) =>
    isRolling(after) &&
    commands.some((command) => command.type === 'fork' && command.generation.id !== after.target.id),
  'a slot that waits for its turn gets its old release back': ({ after, commands }) =>
    isRolling(after) &&
    after.slots.some(({ release }) => release === after.target) &&
    commands.some((command) => command.type === 'fork' && command.generation.id === after.stable.id),
  'a slot comes back as what it was while as many successors boot as may': ({ after, commands }) =>
    isRolling(after) &&
    areEnoughBooting(after, after.target) &&
    commands.some((command) => command.type === 'fork' && command.generation.id === after.stable.id),
  'a worker of the target crashes in a slot that was scaled away, and the rollout goes on': (moment) => {
    const { before, after } = moment;
    const crashed = subject(moment);
    return (
      crashed !== undefined &&
      isAvailable(before, crashed) &&
      crashed.slot >= before.slots.length &&
      crashed.generation === after.target.id &&
      isRolling(after) &&
      !activeWorkers(after).some(({ id }) => id === crashed.id)
    );
  },
  'a rollout aborts after it has replaced workers': ({ commands }) =>
    commands.some(
      (command) =>
        command.type === 'announce' &&
        command.announcement.type === 'rollout-aborted' &&
        command.announcement.replaced > 0,
    ),
  'every slot is filled in a rollout, but not by its release': ({ after, commands }) =>
    isRolling(after) &&
    commands.some(
      (command) =>
        command.type === 'announce' &&
        command.announcement.type === 'fleet-ready' &&
        command.announcement.generation !== after.target.id,
    ),
  'a boot is replaced in its slot when a restart supersedes another one': (moment) =>
    says(moment, 'rollout-superseded') && hasReplacedInPlace(moment, 'cancelled'),
  'an old worker makes room, and as many successors boot as may': (moment) =>
    hasReplacedInPlace(moment, 'rollout') && areEnoughBooting(moment.after, moment.after.target),
  'an old worker that boots is cancelled, since its successor is available': (moment) =>
    cancelledForTarget(moment).some(({ slot }) => hasAvailableSuccessor(moment.after, slot)),
  'no room for a successor: an outdated worker that boots gives way': (moment) =>
    cancelledForTarget(moment).some(({ slot }) => !hasAvailableSuccessor(moment.after, slot)),
  'a successor is forked into a slot that backs off': ({ before, commands, now }) =>
    commands.some(
      (command) =>
        command.type === 'fork' &&
        command.generation.id !== before.slots[command.slot]?.release.id &&
        (before.slots[command.slot]?.backoff.notBefore ?? 0) > now,
    ),
  'a rollout aborts, and a slot keeps its backoff': (moment) =>
    says(moment, 'rollout-aborted') &&
    moment.after.slots.some(({ backoff }) => backoff.notBefore > moment.now),
  'a rollout hands over to a release whose worker crashes later': ({ event, before }) =>
    event?.type === 'worker-exited' &&
    isRolling(before) &&
    before.slots[findWorker(before, event.worker)?.slot ?? -1]?.release === before.target,
  'two generations serve, and nothing rolls': ({ after }) => isMixed(after),
  'two current workers share a slot': ({ after }) =>
    after.slots.some(
      (_, slot) => inSlot(after.occupancy, slot).filter((worker) => !isOutdated(after, worker)).length > 1,
    ),
  'a restart before any worker was ready': ({ event, before }) =>
    event?.type === 'restart-requested' && before.phase.name === 'starting',
  'a restart while a slot is at its slowest pace': ({ event, before: { slots, policy } }) =>
    event?.type === 'restart-requested' && slots.some(({ backoff }) => isSlowest(backoff, policy.respawn)),
  'a worker of a release that rolls out retires': ({ event, before }) =>
    event?.type === 'retire-requested' &&
    isRolling(before) &&
    findWorker(before, event.worker)?.generation === before.target.id,
  'a worker that boots asks to retire': ({ event, before }) =>
    event?.type === 'retire-requested' && findWorker(before, event.worker)?.state === 'booting',
  'a cancelled boot becomes ready nevertheless': ({ event, before }) =>
    event?.type === 'worker-ready' && findWorker(before, event.worker)?.state === 'draining',
  'one more worker is requested than maxWorkers allows': ({ event, before }) =>
    event?.type === 'scale-stepped' && event.by === 1 && before.slots.length === before.policy.maxWorkers,
  'a slot waits until another worker has booted': ({ after }) =>
    isServing(after) &&
    after.slots.some(
      ({ backoff }, slot) => backoff.notBefore <= after.now && inSlot(after.occupancy, slot).length === 0,
    ),
  'a slot comes back before its worker has left': ({ before, after }) =>
    activeWorkers(before).some(({ slot }) => slot >= before.slots.length && slot < after.slots.length),
  'a worker of a slot that was scaled away cannot be spared yet': ({ after }) =>
    isServing(after) && activeWorkers(after).some(({ slot }) => slot >= after.slots.length),
  'fewer workers than slots are ready while an old worker drains': (moment) =>
    moment.commands.some((command) => command.type === 'drain' && command.cause === 'rollout') &&
    readyWorkers(moment.after).length < moment.after.slots.length,
  'an uptime of minUptimeMs clears the backoff of a slot': ({ before, after, events }) =>
    events.length === 0 &&
    after.slots.some(
      ({ backoff }, slot) => backoff.earlyExits < (before.slots[slot]?.backoff.earlyExits ?? 0),
    ),
  'no worker is ready, and it is not the start': ({ after }) =>
    after.phase.name === 'running' && readyWorkers(after).length === 0,
  'no worker is ready in a rollout': ({ after }) =>
    after.phase.name === 'running' && isRolling(after) && readyWorkers(after).length === 0,
  'a rollout goes on when a worker that drained has exited, since no more might drain': (moment) =>
    isBoundedByDrains(moment) && subject(moment)?.state === 'draining' && hasDrainedOld(moment),
  'a rollout waits for workers that still drain for the one that it has superseded': ({ before, after }) =>
    isRolling(after) &&
    after.occupancy.draining >= mostDraining(after.policy, after.slots.length) &&
    after.target.id - before.stable.id > 1 &&
    after.workers.some(({ state, generation }) => state === 'draining' && generation === before.stable.id) &&
    after.workers.some(({ state, generation }) => state === 'ready' && isBetween(after, generation)),
  'several events are read at once': ({ events }) => events.length > 2,
  'a message comes from a worker that has exited': ({ event, before }) =>
    event !== undefined && 'worker' in event && findWorker(before, event.worker) === undefined,
  'a worker becomes ready while the fleet is leaving': ({ event, before, after }) =>
    event?.type === 'worker-ready' &&
    before.phase.name === 'leaving' &&
    findWorker(after, event.worker)?.state === 'ready',
  'a worker crashes while the fleet is leaving': ({ event, before }) =>
    event?.type === 'worker-exited' &&
    before.phase.name === 'leaving' &&
    activeWorkers(before).some(({ id }) => id === event.worker),
  'a worker is respawned while the fleet is leaving, and becomes ready': ({ event, before, after }) =>
    event?.type === 'worker-ready' &&
    before.phase.name === 'leaving' &&
    (findWorker(after, event.worker)?.forkedAt ?? 0) > before.phase.drainAt - before.policy.shutdown.delayMs,
  'a fleet that is leaving gives up': ({ before, after }) =>
    before.phase.name === 'leaving' &&
    after.phase.name !== 'leaving' &&
    'ending' in after.phase &&
    after.phase.ending.reason === 'gave-up',
  'a stop before any worker was ready': ({ event, before }) =>
    event?.type === 'stop-requested' && before.phase.name === 'starting',
  'a second stop, as graceful': ({ event, before }) =>
    event?.type === 'stop-requested' && !event.force && !isServing(before),
  'a second stop, forced': ({ event, before }) =>
    event?.type === 'stop-requested' && event.force && !isServing(before),
  'a forced stop of a shutdown that has failed already': ({ event, before: { phase } }) =>
    event?.type === 'stop-requested' &&
    event.force &&
    phase.name === 'stopping' &&
    phase.ending.exitCode === 1 &&
    phase.ending.reason !== 'forced',
  'a worker that drains in a shutdown is ended by a signal that nobody here sent': (moment) => {
    const { event, before } = moment;
    return (
      event?.type === 'worker-exited' &&
      event.signal !== null &&
      before.phase.name === 'stopping' &&
      subject(moment)?.state === 'draining'
    );
  },
  'a worker that had to be killed in a shutdown exits': (moment) =>
    moment.event?.type === 'worker-exited' &&
    moment.before.phase.name === 'stopping' &&
    subject(moment)?.state === 'killing',
  'it finishes although a worker does not exit even after SIGKILL': ({ after }) =>
    after.phase.name === 'stopped' && after.workers.length > 0,
};

const SITUATIONS = Object.entries({ ...situations, ...leaderSituations });

export class Coverage implements Observer {
  histories = 0;
  steps = 0;
  /** How long no worker was ready, in ms, in all histories: after the start, until a stop. */
  outageMs = 0;
  /** Of that, during a rollout. */
  rolloutOutageMs = 0;
  readonly #counts = new Map<string, number>();
  #seen = new Set<string>();

  trouble({ type }: Trouble): void {
    this.#seen.add(`trouble: ${type}`);
  }

  step(moment: Moment): void {
    this.steps += 1;
    this.#addOutage(moment);
    const { commands } = moment;
    const events = moment.events.length === 0 ? [undefined] : moment.events;
    const happenings = events.map((event) => ({ ...moment, event }));
    for (const [name, holds] of SITUATIONS) {
      if (this.#seen.has(name)) continue;
      if (happenings.some((happening) => holds(happening, this.#seen))) this.#seen.add(name);
    }
    for (const command of commands) this.#seen.add(inWords(command));
  }

  #addOutage({ before, now }: Moment): void {
    if (before.phase.name !== 'running' || before.workers.some(({ state }) => state === 'ready')) return;
    this.outageMs += now - before.now;
    if (isRolling(before)) this.rolloutOutageMs += now - before.now;
  }

  ended(): void {
    this.histories += 1;
    for (const name of this.#seen) this.#counts.set(name, this.#count(name) + 1);
    this.#seen = new Set();
  }

  /** What did not come up. */
  get missing(): readonly string[] {
    return this.#topics.filter((topic) => this.#count(topic) === 0);
  }

  get table(): string {
    const cells = this.#topics.map((topic) => `${String(this.#count(topic)).padStart(7)}  ${topic}`);
    const half = Math.ceil(cells.length / 2);
    const lines = cells.slice(0, half).map((left, row) => `${left.padEnd(68)}${cells[row + half] ?? ''}`);
    const title = `${this.histories} histories, ${this.steps} steps. So many histories had:`;
    const outages = [this.outageMs, this.rolloutOutageMs].map((ms) => Math.round(ms / 1_000));
    return [
      title,
      ...lines,
      `Without a ready worker: ${outages[0]} s, ${outages[1]} s of it in rollouts.`,
    ].join('\n');
  }

  get #topics(): readonly string[] {
    const troubles = [...this.#counts.keys()].filter((name) => name.startsWith('trouble'));
    return [...troubles.toSorted(), ...happenings, ...SITUATIONS.map(([name]) => name)];
  }

  #count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }
}

/** Did as many workers drain as may, before? */
function isBoundedByDrains({ before }: Moment): boolean {
  const { occupancy, policy, slots } = before;
  return occupancy.draining >= mostDraining(policy, slots.length);
}

function hasDrainedOld({ commands }: Moment): boolean {
  return commands.some((command) => command.type === 'drain' && command.cause === 'rollout');
}

/** Is it of a rollout that was superseded? */
function isBetween({ stable, target }: Fleet, generation: number): boolean {
  return generation > stable.id && generation < target.id;
}

function activeWorkers({ workers }: Fleet): readonly Active[] {
  return workers.filter(isActive);
}

/** Booting workers of their slot's release that are cancelled, because the slot is handed over to the target. */
function cancelledForTarget({ before, after, commands }: Moment): readonly Worker[] {
  if (before.phase.name !== 'running' || !isRolling(after)) return [];
  return commands
    .filter((command) => command.type === 'drain' && command.cause === 'cancelled')
    .map((command) => ('worker' in command ? findWorker(before, command.worker) : undefined))
    .filter((worker) => worker !== undefined)
    .filter(
      ({ slot, generation }) =>
        generation === before.slots[slot]?.release.id && after.slots[slot]?.release === after.target,
    );
}

/** Does a successor take the place of a worker that goes for this cause, because no worker can run beside another one? */
function hasReplacedInPlace({ before, commands }: Moment, cause: DrainCause): boolean {
  const left = commands
    .filter((command) => command.type === 'drain' && command.cause === cause)
    .map((command) => ('worker' in command ? findWorker(before, command.worker)?.slot : undefined));
  const { maxSurge } = before.policy.rollout;
  return maxSurge === 0 && commands.some((command) => command.type === 'fork' && left.includes(command.slot));
}

function hasAvailableSuccessor(fleet: Fleet, slot: number): boolean {
  return inSlot(fleet.occupancy, slot).some(
    (worker) => worker.generation === fleet.target.id && isAvailable(fleet, worker),
  );
}

/** The worker that an event is about, as it was before. */
function subject({ before, event }: Happening): Worker | undefined {
  return event !== undefined && 'worker' in event ? findWorker(before, event.worker) : undefined;
}

function says({ commands }: Moment, type: Announcement['type']): boolean {
  return commands.some((command) => command.type === 'announce' && command.announcement.type === type);
}

function inWords(command: Command): string {
  switch (command.type) {
    case 'drain':
      return `drain: ${command.cause}`;
    case 'finish':
      return `finish: ${command.ending.reason}`;
    case 'elect':
    case 'fork':
    case 'kill':
    case 'leave':
    case 'release-sockets':
    case 'shed':
      return command.type;
    case 'announce':
      return announcementInWords(command.announcement);
  }
}

function announcementInWords(announcement: Announcement): string {
  if (announcement.type === 'rollout-aborted') return `rollout-aborted: ${announcement.reason}`;
  if (announcement.type === 'worker-killed') return `kill: ${announcement.cause}`;
  if (announcement.type === 'respawn-delayed' && announcement.slowest) return 'respawn-delayed: slowest';
  return announcement.type;
}
