// An event happened: what is known now? Nothing is decided here.
import type { FleetEvent, SignsOfLife } from './event.ts';
import type { Fleet, Generation } from './fleet.ts';
import { FRESH_SLOT, findWorker, isRolling, isServing, surveyed } from './fleet.ts';
import { forgive } from './respawn.ts';
import {
  addFailure,
  announce,
  change,
  expectExit,
  kill,
  removeWorker,
  replaceWorker,
  failShutdown,
} from './turn.ts';
import type { Context, Turn } from './turn.ts';
import { isActive } from './worker.ts';
import type { Worker } from './worker.ts';

export function apply(fleet: Fleet, event: FleetEvent, context: Context): Turn {
  const heard = event.type === 'time-passed' ? hear(fleet, event.heard) : fleet;
  const aged = surveyed({ ...heard, asOf: context.now, heardUntil: context.heardUntil });
  const turn: Turn = { before: fleet, fleet: { ...aged, slots: forgive(aged) }, commands: [], deaths: [] };
  switch (event.type) {
    case 'time-passed':
      return turn;
    case 'restart-requested':
      return isServing(fleet) ? want(turn, { entry: event.entry, cwd: event.cwd }) : turn;
    case 'scale-requested':
      return isServing(fleet) ? resize(turn, event.size) : turn;
    case 'scale-stepped':
      return isServing(fleet) ? resize(turn, stepped(fleet, event.by)) : turn;
    case 'stop-requested':
      return askToStop(turn, event.force, context);
    case 'worker-ready':
    case 'worker-failing':
    case 'worker-incompatible':
    case 'worker-disconnected':
    case 'retire-requested':
    case 'worker-exited':
    case 'fork-failed': {
      // A message can still arrive from a worker whose exit is already known.
      const worker = findWorker(fleet, event.worker);
      return worker === undefined ? turn : applyToWorker(turn, worker, event, context);
    }
  }
}

/** Only of those that serve: no other worker's silence is watched. */
function hear(fleet: Fleet, heard: SignsOfLife): Fleet {
  if (heard.size === 0) return fleet;
  const workers = fleet.workers.map((worker) => {
    const heardAt = heard.get(worker.id);
    return worker.state === 'ready' && heardAt !== undefined && heardAt > worker.heardAt
      ? { ...worker, heardAt }
      : worker;
  });
  return { ...fleet, workers };
}

type WorkerEvent = Extract<FleetEvent, { worker: number }>;

function applyToWorker(turn: Turn, worker: Worker, event: WorkerEvent, context: Context): Turn {
  switch (event.type) {
    case 'worker-ready': {
      if (worker.state !== 'booting') return turn;
      const ready: Worker = {
        ...worker,
        state: 'ready',
        readyAt: context.now,
        heardAt: context.now,
        due: null,
      };
      const { phase } = turn.fleet;
      const running = change(turn, { phase: phase.name === 'starting' ? { name: 'running' } : phase });
      const bootMs = context.now - worker.forkedAt;
      return announce(replaceWorker(running, ready), { type: 'worker-ready', worker: ready, bootMs });
    }
    case 'retire-requested':
      return worker.state === 'ready' ? replaceWorker(turn, { ...worker, due: 'requested' }) : turn;
    case 'worker-failing': {
      const told = announce(turn, { type: 'worker-failing', worker, error: event.error });
      if (!isActive(worker)) return told;
      return addFailure(expectExit(told, worker, context), { worker, how: 'failed', error: event.error });
    }
    case 'worker-disconnected': {
      if (!isActive(worker)) return turn;
      const told = announce(turn, { type: 'worker-disconnected', worker });
      return addFailure(expectExit(told, worker, context), { worker, how: 'failed', error: CHANNEL_CLOSED });
    }
    case 'worker-incompatible': {
      if (!isActive(worker)) return turn;
      const killed = kill(turn, worker, 'incompatible', context);
      return addFailure(killed, { worker, how: 'incompatible', error: event.error });
    }
    case 'worker-exited': {
      const { code, signal } = event;
      const expected = !isActive(worker);
      const told = announce(turn, { type: 'worker-exited', worker, code, signal, expected });
      const gone = removeWorker(told, worker);
      if (isActive(worker)) return addFailure(gone, { worker, how: 'exited', error: exitError(event) });
      return code === null || code === 0 ? gone : failShutdown(gone, 'unclean');
    }
    case 'fork-failed': {
      const told = announce(turn, { type: 'fork-failed', worker, error: event.error });
      const gone = removeWorker(told, worker);
      return isActive(worker) ? addFailure(gone, { worker, how: 'fork-failed', error: event.error }) : gone;
    }
  }
}

/** A new generation is wanted: it gets a clean slate, and supersedes what was on its way. What is settled stays so. */
function want(turn: Turn, release: Omit<Generation, 'id'>): Turn {
  const { fleet } = turn;
  const target: Generation = { id: fleet.lastGenerationId + 1, ...release };
  const told = isRolling(fleet)
    ? announce(turn, { type: 'rollout-superseded', generation: fleet.target.id, by: target.id })
    : turn;
  const changed = change(told, {
    target,
    targetSince: fleet.asOf,
    lastGenerationId: target.id,
    slots: fleet.slots.map(({ stopgap }) => (isRolling(fleet) ? { ...FRESH_SLOT, stopgap } : FRESH_SLOT)),
  });
  return announce(changed, { type: 'rollout-started', from: fleet.stable, to: target });
}

/** A signal cannot be answered with an error: at either end it changes nothing. */
function stepped({ slots, policy }: Fleet, by: 1 | -1): number {
  return Math.min(Math.max(slots.length + by, 1), policy.maxWorkers);
}

function resize(turn: Turn, size: number): Turn {
  const { slots } = turn.fleet;
  if (size === slots.length) return turn;
  const resized = Array.from({ length: size }, (_, slot) => slots[slot] ?? FRESH_SLOT);
  const surveyedAnew = { ...turn, fleet: surveyed({ ...turn.fleet, slots: resized }) };
  return announce(surveyedAnew, { type: 'size-changed', from: slots.length, to: size });
}

/** The first request is a graceful one, unless it asks for force; a second one without force changes nothing. */
function askToStop(turn: Turn, force: boolean, { now }: Context): Turn {
  const { phase, policy } = turn.fleet;
  if (phase.name === 'stopped') return turn;
  if (force) {
    return change(turn, {
      phase: { name: 'stopping', ending: { exitCode: 1, reason: 'forced', error: null } },
    });
  }
  if (!isServing(turn.fleet)) return turn;
  return change(turn, { phase: { name: 'leaving', drainAt: now + policy.shutdown.delayMs } });
}

const CHANNEL_CLOSED = {
  name: 'Error',
  message: 'The worker closed its channel to the primary, and lived on',
  stack: null,
  code: null,
};

function exitError({ code, signal }: { readonly code: number | null; readonly signal: string | null }) {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
  return { name: 'Error', message: `The worker ${how}`, stack: null, code: null };
}
