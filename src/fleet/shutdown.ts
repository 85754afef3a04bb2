// Rules: how a fleet stops. It serves on for `shutdown.delayMs`, then every worker drains. A forced stop kills every worker.
import type { Fleet, Phase } from './fleet.ts';
import { findWorker, isRolling, isServing, readyWorkers } from './fleet.ts';
import { abortRollout } from './rollout.ts';
import { announce, change, command, drain, kill, stop } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Worker } from './worker.ts';

/** Rule: a stop aborts the rollout that is under way. */
export function abortWhenStopping(turn: Turn): Turn {
  const { fleet } = turn;
  return isServing(fleet) || !isRolling(fleet) ? turn : abortRollout(turn, 'stopping', null);
}

/** Rule: for `shutdown.delayMs` the fleet serves on, and every worker tells load balancers that it will stop. */
export function leave(turn: Turn, { now }: Context): Turn {
  const { phase } = turn.fleet;
  if (phase.name !== 'leaving') return turn;
  if (now >= phase.drainAt) return stop(turn, { exitCode: 0, reason: 'requested', error: null });
  const isNew = hasEntered(turn, 'leaving');
  const untold = readyWorkers(turn.fleet).filter(
    ({ id }) => isNew || findWorker(turn.before, id)?.state !== 'ready',
  );
  const told = command(turn, ...untold.map(({ id }) => ({ type: 'leave', worker: id }) as const));
  const { delayMs } = turn.fleet.policy.shutdown;
  return isNew ? announce(told, { type: 'fleet-leaving', delayMs }) : told;
}

/** Rule: the primary closes its sockets, or connections would wait in a queue that no worker empties. Then every worker drains. */
export function stopWorkers(turn: Turn, context: Context): Turn {
  const { phase, workers } = turn.fleet;
  if (phase.name !== 'stopping') return turn;
  const { ending, isForced } = phase;
  const told = hasEntered(turn, 'stopping')
    ? announce(command(turn, { type: 'release-sockets' }), { type: 'fleet-stopping', ending })
    : turn;
  return isForced
    ? workers
        .filter(({ state }) => state !== 'killing')
        .reduce((sofar, worker) => kill(sofar, worker, 'forced', context), told)
    : workers.filter(isUntold).reduce((sofar, worker) => drain(sofar, worker, 'shutdown', context), told);
}

/** A worker that drains for another cause is told, too: a shutdown's drain has other times, and empties the accept queue. */
function isUntold(worker: Worker): boolean {
  return worker.state !== 'killing' && !(worker.state === 'draining' && worker.cause === 'shutdown');
}

/** Rule: a shutdown in which a worker failed, or had to be killed, ends with exit code 1. The first reason stands. */
export function failShutdown(turn: Turn): Turn {
  const { before, fleet, mishap } = turn;
  const { phase } = fleet;
  if (
    mishap === null ||
    before.phase.name !== 'stopping' ||
    phase.name !== 'stopping' ||
    phase.ending.exitCode !== 0
  )
    return turn;
  return stop(turn, { exitCode: 1, reason: mishap, error: null }, phase.isForced);
}

/** Rule: a stop ends when no worker is left, apart from those that have not exited `closeMs` after SIGKILL. */
export function finish(turn: Turn, { now }: Context): Turn {
  const { phase } = turn.fleet;
  if (phase.name !== 'stopping' || now < lastWait(turn.fleet)) return turn;
  const { ending } = phase;
  return command(change(turn, { phase: { name: 'stopped', ending } }), { type: 'finish', ending });
}

/** How long a fleet that is stopping waits for its workers. Infinity: one may still exit by itself, or pass its deadline. */
export function lastWait({ workers, policy }: Fleet): number {
  const waits = workers.map((worker) =>
    worker.state === 'killing' ? worker.killedAt + policy.closeMs : Infinity,
  );
  return Math.max(-Infinity, ...waits);
}

function hasEntered({ before, fleet }: Turn, name: Phase['name']): boolean {
  return fleet.phase.name === name && before.phase.name !== name;
}
