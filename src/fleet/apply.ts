// Enters events into the fleet: what is known of its workers, and what it is to become. What follows is for the rules to decide.
import type { ErrorInfo, FleetEvent, Heartbeats } from './event.ts';
import type { Fleet, Generation } from './fleet.ts';
import { findWorker, freshSlot, isRolling, isServing, stableSlots, surveyed } from './fleet.ts';
import {
  addFailure,
  addMishap,
  announce,
  change,
  expectExit,
  removeWorker,
  replaceWorker,
  stop,
} from './turn.ts';
import type { Context, Turn } from './turn.ts';
import { isActive } from './worker.ts';
import type { Worker } from './worker.ts';

export function apply(before: Fleet, events: readonly FleetEvent[], context: Context): Turn {
  const fleet = surveyed({ ...before, now: context.now });
  const turn: Turn = { before, fleet, commands: [], failures: [], mishap: null };
  return events.reduce((sofar, event) => applyOne(sofar, event, context), turn);
}

function applyOne(turn: Turn, event: FleetEvent, context: Context): Turn {
  const { fleet } = turn;
  switch (event.type) {
    case 'heartbeats':
      return change(turn, surveyed(hear(fleet, event.heard)));
    case 'restart-requested':
      return isServing(fleet) ? aimAt(turn, event.generation) : turn;
    case 'scale-requested':
      return isServing(fleet) ? resize(turn, event.size) : turn;
    case 'scale-stepped':
      return isServing(fleet) ? resize(turn, oneMoreOrLess(fleet, event.by)) : turn;
    case 'stop-requested':
      return requestStop(turn, event.force, context);
    case 'worker-ready':
    case 'worker-failing':
    case 'worker-incompatible':
    case 'worker-disconnected':
    case 'retire-requested':
    case 'debugger-opened':
    case 'debugger-closed':
    case 'leader-stepped-down':
    case 'connections-cut':
    case 'worker-exited':
    case 'fork-failed': {
      // A message may still arrive from a worker whose exit is already known.
      const worker = findWorker(fleet, event.worker);
      return worker === undefined ? turn : applyToWorker(turn, worker, event, context);
    }
  }
}

/** Heartbeats count for ready workers only: the watchdog watches no others. */
function hear(fleet: Fleet, heard: Heartbeats): Fleet {
  const workers = fleet.workers.map((worker) => {
    const heartbeat = heard.get(worker.id);
    return worker.state === 'ready' && heartbeat !== undefined && heartbeat.at > worker.heardAt
      ? { ...worker, heardAt: heartbeat.at, connections: heartbeat.connections }
      : worker;
  });
  return { ...fleet, workers };
}

type WorkerEvent = Extract<FleetEvent, { worker: number }>;

function applyToWorker(turn: Turn, worker: Worker, event: WorkerEvent, context: Context): Turn {
  const { now } = context;
  switch (event.type) {
    case 'worker-ready': {
      if (worker.state !== 'booting') return turn;
      const ready: Worker = { ...worker, state: 'ready', readyAt: now, heardAt: now, connections: null };
      const { phase } = turn.fleet;
      const running = change(turn, { phase: phase.name === 'starting' ? { name: 'running' } : phase });
      const bootMs = now - worker.forkedAt;
      return announce(replaceWorker(running, ready), { type: 'worker-ready', worker: ready, bootMs });
    }
    case 'retire-requested':
      return isActive(worker) ? replaceWorker(turn, { ...worker, recycle: 'requested' }) : turn;
    case 'debugger-opened':
      return isActive(worker) ? replaceWorker(turn, { ...worker, debugged: true }) : turn;
    case 'debugger-closed':
      return isActive(worker) ? replaceWorker(turn, { ...worker, debugged: false }) : turn;
    case 'leader-stepped-down':
      if (turn.fleet.leader !== worker.id) return turn;
      return announce(change(turn, { leader: null }), { type: 'leader-stepped-down', worker });
    case 'connections-cut': {
      const { type, requests, upgraded } = event;
      return announce(turn, { type, worker, requests, upgraded });
    }
    case 'worker-failing': {
      const { error } = event;
      const told = announce(turn, { type: 'worker-failing', worker, error });
      if (!isActive(worker)) return told;
      return addFailure(expectExit(told, worker, context), { worker, how: 'failing', error });
    }
    case 'worker-disconnected': {
      if (!isActive(worker)) return turn;
      const told = announce(turn, { type: 'worker-disconnected', worker });
      return addFailure(expectExit(told, worker, context), { worker, how: 'failing', error: CHANNEL_CLOSED });
    }
    case 'worker-incompatible':
      return isActive(worker) ? addFailure(turn, { worker, how: 'incompatible', error: event.error }) : turn;
    case 'worker-exited': {
      const { code, signal, explanation = null } = event;
      const expected = !isActive(worker);
      const told = announce(turn, { type: 'worker-exited', worker, code, signal, expected, explanation });
      const gone = removeWorker(told, worker);
      if (isActive(worker)) return addFailure(gone, { worker, how: 'exited', error: exitError(event) });
      // One that is being killed has been told of, and one that still booted has lost no request.
      const mayHaveLost = worker.state === 'draining' && worker.wasReady && code !== 0;
      return mayHaveLost ? addMishap(gone, 'unclean') : gone;
    }
    case 'fork-failed': {
      const { error } = event;
      const gone = removeWorker(announce(turn, { type: 'fork-failed', worker, error }), worker);
      return isActive(worker) ? addFailure(gone, { worker, how: 'fork-failed', error }) : gone;
    }
  }
}

/** A rollout begins. If another one is under way, it is superseded. */
function aimAt(turn: Turn, target: Generation): Turn {
  const { now, stable, target: superseded } = turn.fleet;
  const told = isRolling(turn.fleet)
    ? announce(turn, { type: 'rollout-superseded', generation: superseded.id, by: target.id })
    : turn;
  return announce(change(told, { target, targetSince: now, slots: stableSlots(turn.fleet) }), {
    type: 'rollout-started',
    from: stable,
    to: target,
  });
}

/** A signal cannot be answered with an error, so at the smallest and the largest size it changes nothing. */
function oneMoreOrLess({ slots, policy }: Fleet, by: 1 | -1): number {
  return Math.min(Math.max(slots.length + by, 1), policy.maxWorkers);
}

function resize(turn: Turn, size: number): Turn {
  const { slots, stable } = turn.fleet;
  if (size === slots.length) return turn;
  const resized = Array.from({ length: size }, (_, index) => slots[index] ?? freshSlot(stable));
  return announce(change(turn, surveyed({ ...turn.fleet, slots: resized })), {
    type: 'size-changed',
    from: slots.length,
    to: size,
  });
}

/** A forced request counts at any time; a graceful one only if no stop was requested before. An ending that has failed stands. */
function requestStop(turn: Turn, force: boolean, { now }: Context): Turn {
  const { phase, policy } = turn.fleet;
  if (phase.name === 'stopped') return turn;
  if (force) {
    const hasFailed = phase.name === 'stopping' && (phase.ending.exitCode !== 0 || turn.mishap !== null);
    return stop(turn, hasFailed ? phase.ending : { exitCode: 1, reason: 'forced', error: null }, true);
  }
  if (!isServing(turn.fleet)) return turn;
  return change(turn, { phase: { name: 'leaving', drainAt: now + policy.shutdown.delayMs } });
}

const CHANNEL_CLOSED = {
  name: 'Error',
  message: 'The worker closed its channel to the primary, but did not exit',
  stack: null,
  code: null,
};

function exitError({ code, signal, explanation }: Extract<FleetEvent, { type: 'worker-exited' }>): ErrorInfo {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
  const why = explanation === undefined ? '' : `: ${explanation}`;
  return { name: 'Error', message: `The worker ${how}${why}`, stack: null, code: null };
}
