// What must hold after every step, whatever happens. Each has a name, by which a failure is reported.
import type { Announcement, Command } from '../../src/fleet/command.ts';
import { step } from '../../src/fleet/step.ts';
import { nextWakeAt } from '../../src/fleet/wake.ts';
import type { Worker } from '../../src/fleet/worker.ts';
import type { Drain, Known, Ledger } from './ledger.ts';
import { latencyMs } from './process.ts';
import { latenessMs, tickMs } from './primary.ts';
import type { Moment } from './primary.ts';
import type { World } from './world.ts';

/** What invariants look at. */
export interface View {
  readonly ledger: Ledger;
  readonly moment: Moment;
  readonly world: World;
}

/** Each answers with what is wrong, or null. */
export interface Invariant {
  readonly name: string;
  /** Before this command is entered in the ledger. */
  readonly command?: (view: View, command: Command) => string | null;
  /** After all commands are entered. */
  readonly step?: (view: View) => string | null;
}

export const invariants: readonly Invariant[] = [
  {
    name: 'whoever is drained unasked leaves size - maxUnavailable reliable workers behind',
    step: ({ ledger, world }) => {
      const isVoluntary = ledger.drains.some(({ cause, wasReady }) => wasReady && cause !== 'shutdown');
      const left = ledger.reliable().length;
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      return isVoluntary && left < needed ? `${left} left, ${needed} needed` : null;
    },
  },
  {
    name: 'ready >= size - maxUnavailable, unless something crashed',
    step: ({ ledger, world }) => {
      if (!ledger.isServing || ledger.isTroubled) return null;
      const ready = ledger.ready().length;
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      return ready < needed ? `${ready} ready, ${needed} needed` : null;
    },
  },
  {
    name: 'processes <= size + maxSurge + those on their way out',
    command: ({ ledger, world }, command) => {
      if (command.type !== 'fork') return null;
      const staying = ledger.staying();
      const isEmpty = staying.every(({ slot }) => slot !== command.slot);
      const limit = ledger.size + world.policy.rollout.maxSurge;
      return isEmpty || staying.length < limit ? null : `${staying.length + 1} stay, ${limit} may`;
    },
    step: ({ ledger, world }) => {
      const staying = ledger.staying().filter(({ slot }) => slot < ledger.size).length;
      const limit = ledger.size + world.policy.rollout.maxSurge;
      return staying > limit ? `${staying} stay, ${limit} may` : null;
    },
  },
  {
    name: 'a worker of a slot that was scaled away stays only while it is missed',
    step: ({ ledger, world }) => {
      if (!ledger.isServing) return null;
      const extra = ledger.staying().filter(({ slot }) => slot >= ledger.size);
      if (extra.length === 0) return null;
      if (extra.some(({ state }) => state === 'booting')) return 'it still boots';
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      return ledger.reliable().length > needed ? 'nobody would miss it' : null;
    },
  },
  {
    name: 'no command for a worker that is gone, and none twice',
    command: ({ ledger }, command) => {
      if (command.type !== 'drain' && command.type !== 'kill' && command.type !== 'leave') return null;
      const worker = ledger.workers.get(command.worker);
      if (worker === undefined) return `${command.type} for #${command.worker}, which is not there`;
      return isDue(ledger, worker, command)
        ? null
        : `${command.type} for #${worker.id}, which is ${worker.state}`;
    },
  },
  {
    name: 'a fork is for a slot that lacks a worker, in its time, with a new id',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      if (!ledger.isServing) return `a fork while ${ledger.phase}`;
      if (command.worker <= ledger.lastWorker) return `#${command.worker} once more`;
      if (command.slot >= ledger.size) return `there is no slot ${command.slot}`;
      if (ledger.current(command.slot).length > 0) return `slot ${command.slot} has a worker`;
      const notBefore = ledger.slots[command.slot]?.notBefore ?? 0;
      return ledger.now < notBefore ? `slot ${command.slot} must wait until ${notBefore}` : null;
    },
  },
  {
    name: 'every fork is of the generation that is wanted, never of one that was aborted',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      const { id, entry } = command.generation;
      if (ledger.aborted.has(id)) return `generation ${id} was aborted`;
      if (id !== ledger.wanted) return `generation ${id}, while ${ledger.wanted} is wanted`;
      return entry === ledger.entries.get(id) ? null : `generation ${id} is not ${entry}`;
    },
  },
  {
    name: 'no slot is forgotten',
    step: ({ ledger, world }) => {
      if (!ledger.isServing) return null;
      const staying = ledger.staying();
      const taken = new Set(staying.filter(({ slot }) => slot < ledger.size).map(({ slot }) => slot));
      const hasRoom = staying.length - taken.size < world.policy.rollout.maxSurge;
      const forgotten = ledger.slots.findIndex(
        ({ notBefore }, slot) =>
          notBefore <= ledger.now && ledger.current(slot).length === 0 && (hasRoom || !taken.has(slot)),
      );
      return forgotten === -1 ? null : `nobody is forked for slot ${forgotten}`;
    },
  },
  {
    name: 'early deaths of a slot are counted, and back off',
    step: ({ ledger, world }) => {
      const { maxEarlyDeaths, backoff } = world.policy.respawn;
      const expected = ledger.verdict.delays;
      if (expected.length !== ledger.delays.length) {
        return `${ledger.delays.length} delays, expected ${expected.length}`;
      }
      const wrong = ledger.delays.find(({ slot, earlyDeaths, delayMs }, index) => {
        if (slot !== expected[index]?.slot || earlyDeaths !== expected[index].earlyDeaths) return true;
        if (earlyDeaths >= maxEarlyDeaths) return delayMs !== backoff.maxMs;
        return delayMs > Math.min(backoff.maxMs, backoff.initialMs * 2 ** (earlyDeaths - 2));
      });
      return wrong === undefined
        ? null
        : `slot ${wrong.slot}: ${wrong.earlyDeaths} deaths, ${wrong.delayMs} ms`;
    },
  },
  {
    name: 'a rollout aborts when, and only when, a worker of it dies unproven, or the fleet is to stop',
    step: ({ ledger }) => {
      const expected = ledger.verdict.aborts;
      if (expected !== null && !ledger.aborts.includes(expected)) return `generation ${expected} goes on`;
      const unexpected = ledger.aborts.find((id) => id !== expected);
      return unexpected !== undefined && ledger.isServing ? `generation ${unexpected} was aborted` : null;
    },
  },
  {
    name: 'a rollout is completed when every slot is filled by a proven worker of it, and no old one serves',
    step: ({ ledger }) => {
      const isDone =
        ledger.slots.every((_, slot) => ledger.current(slot).some((worker) => ledger.isProven(worker))) &&
        ledger.staying().every((worker) => !ledger.isOld(worker));
      if (ledger.completions.length > 0 && !isDone) return 'it is not done';
      return ledger.isServing && isDone && ledger.wanted !== ledger.settled ? 'it is done' : null;
    },
  },
  {
    name: 'every rollout has one outcome: completed, aborted or superseded',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce') return null;
      const { announcement } = command;
      if (announcement.type === 'rollout-started') {
        const isAsked = ledger.isServing && announcement.to.id === ledger.wanted;
        return isAsked ? null : `nobody asked for generation ${announcement.to.id}`;
      }
      const id = ended(announcement);
      return id === null || ledger.rolling.has(id) ? null : `generation ${id} is not rolling out`;
    },
    step: ({ ledger }) => {
      const rolling = ledger.wanted === ledger.settled || !ledger.isServing ? [] : [ledger.wanted];
      return [...ledger.rolling].join() === rolling.join() ? null : `rolling: ${[...ledger.rolling].join()}`;
    },
  },
  {
    name: 'with surge for everybody, no slot gives up its old worker before all successors are proven',
    step: ({ ledger, world }) => {
      if (world.policy.rollout.maxSurge < ledger.size) return null;
      const given = ledger.drains.find((drain) => isLastOfRollout(ledger, drain));
      const lacking = ledger.slots.findIndex((_, slot) => !hasProven(ledger, slot));
      return given === undefined || lacking === -1
        ? null
        : `#${given.worker.id} drains, slot ${lacking} has no proven successor`;
    },
  },
  {
    name: 'where there is room for a successor, no slot gives up its old worker before one is proven',
    step: ({ ledger, world }) => {
      if (world.policy.rollout.maxSurge === 0) return null;
      const given = ledger.drains.find((drain) => isLastOfRollout(ledger, drain));
      return given === undefined || ledger.slots.some((_, slot) => hasProven(ledger, slot))
        ? null
        : `#${given.worker.id} drains`;
    },
  },
  {
    name: 'where there is room for a successor, no tired worker drains before it is proven',
    step: ({ ledger, world }) => {
      const tired = ledger.drains.find(
        (drain) =>
          drain.cause === 'recycle' && isLastOld(ledger, drain) && !hasProven(ledger, drain.worker.slot),
      );
      if (tired === undefined) return null;
      const staying = ledger.staying();
      const taken = new Set(staying.filter(({ slot }) => slot < ledger.size).map(({ slot }) => slot));
      // A successor was forked into the slot that it left.
      const surge = staying.length - taken.size;
      return surge < world.policy.rollout.maxSurge ? `#${tired.worker.id} drains` : null;
    },
  },
  {
    name: 'of two old workers in a slot, the one that an abort goes back to is not the one that goes',
    step: ({ ledger }) => {
      const isBack = (worker: Readonly<Known>): boolean =>
        worker.generation === ledger.settled && ledger.isProven({ ...worker, state: 'ready' });
      const wrong = ledger.drains.find(
        ({ worker, cause, wasReady }) =>
          wasReady &&
          cause === 'rollout' &&
          isBack(worker) &&
          ledger.isOld(worker) &&
          ledger.ready().some((other) => other.slot === worker.slot && ledger.isOld(other) && !isBack(other)),
      );
      return wrong === undefined ? null : `#${wrong.worker.id} drains`;
    },
  },
  {
    name: 'a worker that speaks another protocol is killed at once',
    step: ({ ledger, moment: { event } }) => {
      if (event.type !== 'worker-incompatible') return null;
      const worker = ledger.workers.get(event.worker);
      return worker?.state === 'booting' || worker?.state === 'ready' ? `#${worker.id} lives` : null;
    },
  },
  {
    name: 'nobody outstays a deadline',
    step: ({ ledger, world }) => {
      const { boot, watchdog } = world.policy;
      if (ledger.phase === 'stopped') return null;
      const late = [...ledger.workers.values()].find((worker) => {
        switch (worker.state) {
          case 'booting':
            return ledger.now >= worker.forkedAt + boot.timeoutMs;
          case 'ready':
            return watchdog !== false && ledger.now >= worker.heardAt + watchdog.timeoutMs;
          case 'leaving':
            return ledger.now >= worker.leaveBy;
          case 'killed':
            return false;
        }
      });
      return late === undefined ? null : `#${late.id} is still ${late.state}`;
    },
  },
  {
    name: 'nobody is killed who deserves to live, however long the primary sleeps',
    command: (view, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'worker-killed') return null;
      const { worker } = command.announcement;
      return deservesDeath(view, worker) ? null : `#${worker.id} was well`;
    },
  },
  {
    name: 'the fleet knows exactly the workers that there are',
    step: ({ ledger, moment: { after } }) => {
      const expected = [...ledger.workers.values()].map(
        ({ id, slot, generation, state }) => `#${id} ${slot} ${generation} ${state}`,
      );
      const actual = after.workers.map(
        ({ id, slot, generation, state }) => `#${id} ${slot} ${generation} ${inLedger[state]}`,
      );
      if (actual.join() !== expected.join()) return `${actual.join()}; expected: ${expected.join()}`;
      if (after.slots.length !== ledger.size) return `${after.slots.length} slots, expected ${ledger.size}`;
      const generations = `${after.wanted.id} over ${after.settled.id}`;
      const wanted = `${ledger.wanted} over ${ledger.settled}`;
      return generations === wanted ? null : `it wants ${generations}, expected ${wanted}`;
    },
  },
  {
    name: 'the fleet looks again in time, and not at once',
    step: ({ moment: { after, now } }) => {
      const wakeAt = nextWakeAt(after);
      if (wakeAt <= now) return `next look at ${wakeAt}`;
      const before = Math.max(now, Math.min(wakeAt, now + 1_000_000) - 0.001);
      const [, [first]] = step(after, { type: 'time-passed' }, { now: before, random: () => 0.5 });
      return first === undefined ? null : `at ${before}, before ${wakeAt}, there is a ${first.type} to do`;
    },
  },
  {
    name: 'a fleet that is to stop says so to every ready worker, and serves on until the delay is over',
    command: ({ ledger, world }, command) => {
      if (ledger.phase !== 'leaving' || ledger.forcedAt <= ledger.now) return null;
      const isOver = ledger.now >= ledger.leavingAt + world.policy.shutdown.delayMs;
      return command.type === 'release-sockets' && !isOver ? 'it lets the sockets go early' : null;
    },
    step: ({ ledger, world }) => {
      if (ledger.phase !== 'leaving') return null;
      if (ledger.now >= ledger.leavingAt + world.policy.shutdown.delayMs) return 'the delay is over';
      if (ledger.drains.length > 0) return `#${ledger.drains[0]?.worker.id} drains already`;
      const untold = ledger.ready().find((worker) => !worker.isToldToLeave);
      return untold === undefined ? null : `#${untold.id} was not told`;
    },
  },
  {
    name: 'in a shutdown the sockets are let go once, before anybody is told to drain for it',
    command: ({ ledger }, command) => {
      if (command.type === 'release-sockets') return ledger.socketsReleased === 0 ? null : 'once more';
      if (command.type !== 'drain' || command.cause !== 'shutdown') return null;
      return ledger.socketsReleased === 1 ? null : `#${command.worker} drains first`;
    },
    step: ({ ledger }) =>
      (ledger.phase === 'stopping' || ledger.phase === 'stopped') === (ledger.socketsReleased === 1)
        ? null
        : `${ledger.socketsReleased} times while ${ledger.phase}`,
  },
  {
    name: 'a fleet that is to stop leaves nobody out',
    step: ({ ledger }) => {
      if (ledger.phase !== 'stopping') return null;
      const isForced = ledger.forcedAt <= ledger.now;
      const left = [...ledger.workers.values()].find(
        ({ state, isToldToDrain }) => state !== 'killed' && (isForced || !isToldToDrain),
      );
      return left === undefined ? null : `#${left.id} is ${left.state}`;
    },
  },
  {
    name: 'a shutdown ends in time',
    step: ({ ledger, world }) => {
      const { shutdown, closeMs } = world.policy;
      const drainedBy = Math.min(ledger.stoppingAt + shutdown.graceMs + closeMs, ledger.forcedAt);
      const end = drainedBy + closeMs + tickMs + latenessMs;
      return ledger.now > end && ledger.phase !== 'stopped' ? `by ${end}` : null;
    },
  },
  {
    name: 'it finishes once, last of all, with the exit code that it deserves',
    command: ({ ledger, world, moment }, command) => {
      if (ledger.phase === 'stopped') return `${command.type} after the end`;
      if (command.type !== 'finish') return null;
      const waits = [...ledger.workers.values()].find(
        ({ killedAt }) => ledger.now < killedAt + world.policy.closeMs,
      );
      if (waits !== undefined) return `#${waits.id} is still there`;
      const { exitCode, reason } = command.ending;
      if ((exitCode === 0) !== (reason === 'asked')) return `exit code ${exitCode}: ${reason}`;
      if ((reason === 'forced') !== ledger.forcedAt <= ledger.now) return reason;
      if (reason === 'asked' && ledger.shutdownTimedOut) return 'somebody had to be killed';
      if (reason === 'timed-out' && !ledger.shutdownTimedOut) return 'nobody had to be killed';
      return moment.after.phase.name === 'stopped' ? null : 'the fleet does not know';
    },
  },
  {
    name: 'it ends by itself only when the first boot fails, or when there is no hope',
    command: ({ ledger }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'fleet-stopping') return null;
      const { reason } = command.announcement.ending;
      const expected = ledger.verdict.ends;
      const isAsked = reason === 'asked' || reason === 'forced';
      return (isAsked ? null : reason) === expected ? null : `${reason}, expected ${expected ?? 'asked'}`;
    },
    step: ({ ledger }) =>
      ledger.verdict.ends !== null && ledger.isServing ? `not ${ledger.verdict.ends}` : null,
  },
];

const inLedger: Record<Worker['state'], Known['state']> = {
  booting: 'booting',
  ready: 'ready',
  draining: 'leaving',
  killing: 'killed',
};

function isDue(
  ledger: Ledger,
  worker: Known,
  command: Extract<Command, { type: 'drain' | 'kill' | 'leave' }>,
): boolean {
  switch (command.type) {
    case 'drain':
      if (worker.state === 'killed') return false;
      return command.cause === 'shutdown' ? !hasFinalOrder(ledger, worker) : worker.state !== 'leaving';
    case 'kill':
      return worker.state !== 'killed';
    case 'leave':
      return ledger.phase === 'leaving' && worker.state === 'ready' && !worker.isToldToLeave;
  }
}

/** The drain of all is ordered in one step: whoever is there gets it then. */
function hasFinalOrder(ledger: Ledger, worker: Known): boolean {
  return worker.isToldToDrain && ledger.stoppingAt < ledger.now;
}

function isLastOfRollout(ledger: Ledger, drain: Drain): boolean {
  return drain.cause === 'rollout' && drain.worker.generation < ledger.wanted && isLastOld(ledger, drain);
}

/** Does it leave no other old one in its slot? */
function isLastOld(ledger: Ledger, { worker, wasReady }: Drain): boolean {
  if (!wasReady) return false;
  return !ledger.ready().some((other) => other.slot === worker.slot && ledger.isOld(other));
}

function hasProven(ledger: Ledger, slot: number): boolean {
  return ledger.current(slot).some((worker) => ledger.isProven(worker));
}

function ended(announcement: Announcement): number | null {
  switch (announcement.type) {
    case 'rollout-completed':
    case 'rollout-aborted':
    case 'rollout-superseded':
      return announcement.generation;
    default:
      return null;
  }
}

/** Does the truth about this process, which the primary does not see, justify a kill? */
function deservesDeath({ ledger, world }: View, killed: Worker): boolean {
  if (killed.state !== 'killing') return false;
  const process = world.processes.get(killed.id);
  // It never was there, or its exit is on the way.
  if (process === undefined || process.state === 'gone') return true;
  const { boot, watchdog } = world.policy;
  switch (killed.cause) {
    case 'boot-timeout':
      return process.readyAt - process.forkedAt >= boot.timeoutMs - tickMs - latencyMs;
    case 'watchdog':
      return watchdog !== false && (process.isFrozen || ledger.now - process.thawedAt < watchdog.timeoutMs);
    case 'drain-timeout':
      return process.isDeaf || process.isFrozen || process.thawedAt >= process.askedToLeaveAt;
    case 'incompatible':
      return process.health === 'incompatible';
    case 'forced':
      return ledger.forcedAt <= ledger.now;
  }
}
