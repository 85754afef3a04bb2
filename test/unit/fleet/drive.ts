// Drives a fleet by hand: events happen, time passes, and the commands that follow come out in words.
import type { Announcement, Command } from '../../../src/fleet/command.ts';
import type { ErrorInfo, FleetEvent, Heartbeat } from '../../../src/fleet/event.ts';
import { createFleet } from '../../../src/fleet/fleet.ts';
import type { Fleet } from '../../../src/fleet/fleet.ts';
import type { Policy } from '../../../src/fleet/policy.ts';
import { step } from '../../../src/fleet/step.ts';
import { nextWakeAt } from '../../../src/fleet/wake.ts';
import { defaultPolicy } from '../../helpers/default-policy.ts';

/** Small numbers are reached in fewer steps, and no boot waits for another unless a test says so. */
const DEFAULTS: Policy = {
  ...defaultPolicy,
  boot: { ...defaultPolicy.boot, concurrency: 1_024 },
  respawn: { ...defaultPolicy.respawn, maxEarlyExits: 4 },
  rollout: { ...defaultPolicy.rollout, graceMs: 20_000 },
  watchdog: false,
};

export interface Settings {
  readonly size?: number;
  readonly maxWorkers?: number;
  readonly boot?: Partial<Policy['boot']>;
  readonly respawn?: Partial<Policy['respawn']>;
  readonly rollout?: Partial<Policy['rollout']>;
  readonly shutdown?: Partial<Policy['shutdown']>;
  readonly watchdog?: Policy['watchdog'];
}

/** A fleet that has just been started: its first workers are forked. */
export function drive({ size = 1, ...changes }: Settings = {}): Driven {
  return new Driven(policyWith(changes), size);
}

/** A fleet whose workers #1 to #size are all available. */
export function driveReady(settings: Settings = {}): Driven {
  const fleet = drive(settings);
  // Some may be forked only when others are ready.
  for (let id = 1; id <= fleet.fleet.slots.length; id += 1) fleet.ready(id);
  fleet.passes(fleet.fleet.policy.rollout.minReadyMs);
  fleet.does();
  return fleet;
}

export function policyWith({
  maxWorkers,
  boot,
  respawn,
  rollout,
  shutdown,
  watchdog,
}: Settings = {}): Policy {
  return {
    ...DEFAULTS,
    maxWorkers: maxWorkers ?? DEFAULTS.maxWorkers,
    boot: { ...DEFAULTS.boot, ...boot },
    respawn: { ...DEFAULTS.respawn, ...respawn },
    rollout: { ...DEFAULTS.rollout, ...rollout },
    shutdown: { ...DEFAULTS.shutdown, ...shutdown },
    watchdog: watchdog ?? DEFAULTS.watchdog,
  };
}

export const BOOM: ErrorInfo = {
  name: 'Error',
  message: 'boom',
  stack: 'Error: boom\n    at app.js:1',
  code: null,
};

export class Driven {
  fleet: Fleet;
  now = 0;
  /** Everything that was ever commanded, and announced. */
  readonly commands: Command[] = [];
  readonly told: Announcement[] = [];
  #does: string[] = [];
  readonly #heard = new Map<number, Heartbeat>();
  #lastGeneration = 1;

  constructor(policy: Policy, size: number) {
    this.fleet = deepFreeze(createFleet(policy, size, { id: 1, ...release(1) }));
    this.#look();
  }

  /** The commands since the last call, in words. */
  does(): readonly string[] {
    return this.#does.splice(0);
  }

  /** Ready workers, as `slot: #worker of generation`. */
  get serving(): readonly string[] {
    return this.fleet.workers
      .filter((worker) => worker.state === 'ready')
      .map((worker) => `${worker.slot}: #${worker.id} of ${worker.generation}`)
      .toSorted();
  }

  /** From now on, in milliseconds. */
  get nextWakeIn(): number {
    return nextWakeAt(this.fleet) - this.now;
  }

  /** In one step. */
  happens(...events: readonly FleetEvent[]): this {
    this.#step(events);
    return this;
  }

  /** Steps at every time that the fleet names. */
  passes(ms: number): this {
    const end = this.now + ms;
    for (let wakeAt = nextWakeAt(this.fleet); wakeAt <= end; wakeAt = nextWakeAt(this.fleet)) {
      this.now = wakeAt;
      this.#look();
    }
    this.now = end;
    return this;
  }

  ready(...workers: readonly number[]): this {
    for (const worker of workers) this.happens({ type: 'worker-ready', worker });
    return this;
  }

  /** A heartbeat: it comes with the next step. */
  heard(worker: number, connections: number | null = null): this {
    this.#heard.set(worker, { at: this.now, connections });
    return this;
  }

  /** A step before the next deadline. */
  looks(): this {
    this.#look();
    return this;
  }

  retires(worker: number): this {
    return this.happens({ type: 'retire-requested', worker });
  }

  stepsDown(worker: number): this {
    return this.happens({ type: 'leader-stepped-down', worker });
  }

  fails(worker: number): this {
    return this.happens({ type: 'worker-failing', worker, error: BOOM });
  }

  disconnects(worker: number): this {
    return this.happens({ type: 'worker-disconnected', worker });
  }

  exits(worker: number, code = 0): this {
    return this.happens({ type: 'worker-exited', worker, code, signal: null });
  }

  isKilled(...workers: readonly number[]): this {
    for (const worker of workers) {
      this.happens({ type: 'worker-exited', worker, code: null, signal: 'SIGKILL' });
    }
    return this;
  }

  failsToFork(worker: number): this {
    return this.happens({ type: 'fork-failed', worker, error: BOOM });
  }

  isIncompatible(worker: number): this {
    return this.happens({ type: 'worker-incompatible', worker, error: BOOM });
  }

  restarts(number: number): this {
    this.#lastGeneration += 1;
    return this.happens({
      type: 'restart-requested',
      generation: { id: this.#lastGeneration, ...release(number) },
    });
  }

  scales(size: number): this {
    return this.happens({ type: 'scale-requested', size });
  }

  stops({ force = false } = {}): this {
    return this.happens({ type: 'stop-requested', force });
  }

  /** The heartbeats that came since the last step come with it. */
  #look(): void {
    const heard = new Map(this.#heard);
    this.#heard.clear();
    this.#step(heard.size === 0 ? [] : [{ type: 'heartbeats', heard }]);
  }

  #step(events: readonly FleetEvent[]): void {
    const [fleet, commands] = step(this.fleet, deepFreeze(events), { now: this.now, random: () => 0.5 });
    this.fleet = deepFreeze(fleet);
    for (const command of commands) {
      this.commands.push(command);
      if (command.type === 'announce') this.told.push(command.announcement);
      const words = inWords(command);
      if (words !== null) this.#does.push(words);
    }
  }
}

function release(number: number): { readonly entry: string; readonly cwd: string } {
  return { entry: `/srv/releases/${number}/main.js`, cwd: `/srv/releases/${number}` };
}

function inWords(command: Command): string | null {
  switch (command.type) {
    case 'fork':
      return `fork #${command.worker} for slot ${command.slot} of generation ${command.generation.id}`;
    case 'drain':
      return `drain #${command.worker} (${command.cause})`;
    case 'leave':
    case 'kill':
      return `${command.type} #${command.worker}`;
    case 'shed':
      return `shed ${command.connections} of #${command.worker}`;
    case 'release-sockets':
      return 'release sockets';
    case 'finish':
      return `finish ${command.ending.exitCode} (${command.ending.reason})`;
    // Only the tests of the leader ask for it, by `fleet.leader` and what was announced.
    case 'elect':
      return null;
    case 'announce':
      return announcementInWords(command.announcement);
  }
}

/** Only those that no other command implies. */
function announcementInWords(announcement: Announcement): string | null {
  switch (announcement.type) {
    case 'respawn-delayed':
      return `slot ${announcement.slot} waits ${announcement.delayMs} ms`;
    case 'rollout-started':
      return `rollout of ${announcement.to.id} starts`;
    case 'rollout-completed':
      return `rollout of ${announcement.generation} is completed`;
    case 'rollout-aborted':
      return `rollout of ${announcement.generation} is aborted (${announcement.reason})`;
    case 'rollout-superseded':
      return `rollout of ${announcement.generation} is superseded`;
    case 'worker-forked':
    case 'worker-ready':
    case 'worker-draining':
    case 'worker-killed':
    case 'worker-failing':
    case 'worker-disconnected':
    case 'worker-exited':
    case 'fork-failed':
    case 'leader-elected':
    case 'leader-stepped-down':
    case 'connections-cut':
    case 'connections-shed':
    case 'fleet-ready':
    case 'size-changed':
    case 'fleet-leaving':
    case 'fleet-stopping':
      return null;
  }
}

/** A step must not change what it is given. */
function deepFreeze<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
