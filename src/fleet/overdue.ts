// Rule: whoever is past a deadline is killed.
import { addFailure, kill, failShutdown } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Worker } from './worker.ts';

export function killOverdue(turn: Turn, context: Context): Turn {
  return turn.fleet.workers.reduce((sofar, worker) => killIfOverdue(sofar, worker, context), turn);
}

/** When patience with this worker ends; Infinity: there is nothing to wait for. */
export function deadline(worker: Worker, policy: Turn['fleet']['policy']): number {
  switch (worker.state) {
    case 'booting':
      return worker.forkedAt + policy.boot.timeoutMs;
    case 'ready':
      return policy.watchdog === false ? Infinity : worker.heardAt + policy.watchdog.timeoutMs;
    case 'draining':
      return worker.killAt;
    case 'killing':
      return Infinity;
  }
}

function killIfOverdue(turn: Turn, worker: Worker, context: Context): Turn {
  const { policy } = turn.fleet;
  // Who boots or serves may have spoken, and a primary that was busy has not read it yet.
  const time = worker.state === 'draining' ? context.now : context.heardUntil;
  if (time < deadline(worker, policy)) return turn;
  switch (worker.state) {
    case 'booting': {
      const message = `The worker was not ready within boot.timeoutMs (${policy.boot.timeoutMs} ms)`;
      const error = { name: 'Error', message, stack: null, code: null };
      return addFailure(kill(turn, worker, 'boot-timeout', context), { worker, how: 'timed-out', error });
    }
    case 'ready':
      return addFailure(kill(turn, worker, 'watchdog', context), { worker, how: 'timed-out', error: null });
    case 'draining':
      return failShutdown(kill(turn, worker, 'drain-timeout', context), 'timed-out');
    case 'killing':
      return turn;
  }
}
