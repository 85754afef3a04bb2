// Rule: a worker that is past its deadline, or that is incompatible and so cannot be told to drain, is killed.
import { addFailure, addMishap, kill } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import { isActive } from './worker.ts';
import type { Worker } from './worker.ts';

export function killOverdue(turn: Turn, context: Context): Turn {
  const incompatible = new Set(
    turn.failures.filter(({ how }) => how === 'incompatible').map(({ worker }) => worker.id),
  );
  return turn.fleet.workers.reduce(
    (sofar, worker) =>
      incompatible.has(worker.id) && isActive(worker)
        ? kill(sofar, worker, 'incompatible', context)
        : killIfOverdue(sofar, worker, context),
    turn,
  );
}

/** When the worker is killed if it stays as it is. Infinity: never. */
export function deadline(worker: Worker, policy: Turn['fleet']['policy']): number {
  switch (worker.state) {
    // At a breakpoint a worker stands still, though it is well.
    case 'booting':
      return worker.debugged ? Infinity : worker.forkedAt + policy.boot.timeoutMs;
    case 'ready':
      return worker.debugged || policy.watchdog === false
        ? Infinity
        : worker.heardAt + policy.watchdog.timeoutMs;
    case 'draining':
      return worker.killAt;
    case 'killing':
      return Infinity;
  }
}

function killIfOverdue(turn: Turn, worker: Worker, context: Context): Turn {
  const { policy } = turn.fleet;
  if (context.now < deadline(worker, policy)) return turn;
  switch (worker.state) {
    case 'booting': {
      const message = `The worker was not ready within boot.timeoutMs (${policy.boot.timeoutMs} ms)`;
      const error = { name: 'Error', message, stack: null, code: null };
      return addFailure(kill(turn, worker, 'boot-timeout', context), { worker, how: 'timed-out', error });
    }
    case 'ready':
      return addFailure(kill(turn, worker, 'watchdog', context), { worker, how: 'timed-out', error: null });
    case 'draining':
      return addMishap(kill(turn, worker, 'drain-timeout', context), 'timed-out');
    case 'killing':
      return turn;
  }
}
