// Brings what Node reports of the end of a process into an order: its last message, then its exit, and nothing after it.
import type { Worker } from 'node:cluster';
import { wholePollPhase } from '../../net/poll.ts';
import { exitSignals } from '../../process/exit.ts';

/** How long a process may take to exit after its channel closed, in ms: at its exit the kernel does both in a row. */
const EXIT_AFTER_DISCONNECT_MS = 1_000;

/** The channel of a process that exits closes, too: then only the exit is reported. */
export function unlessExiting(worker: Worker, report: () => void): void {
  if (worker.isDead()) return;
  const lookAgain = async (): Promise<void> => {
    // This process may have been busy, and not have read the exit yet.
    await wholePollPhase();
    if (!worker.isDead()) report();
  };
  const timer = setTimeout(() => void lookAgain(), EXIT_AFTER_DISCONNECT_MS);
  timer.unref();
  worker.once('exit', () => clearTimeout(timer));
}

/** How long a channel may outlive its process, in ms; only another process that inherited its descriptor keeps it open. */
const DISCONNECT_AFTER_EXIT_MS = 1_000;

/** Node may report an exit before it has read all that the process had sent; the channel closes after that. */
export function afterLastMessage(worker: Worker, report: () => void): void {
  if (!worker.isConnected()) return report();
  const finish = (): void => {
    clearTimeout(timer);
    worker.removeListener('disconnect', finish);
    report();
  };
  const timer = setTimeout(finish, DISCONNECT_AFTER_EXIT_MS);
  worker.once('disconnect', finish);
}

/** How much later than its workers the primary may hear of a signal that was sent to every process, in ms. */
const SAME_SIGNAL_MS = 200;

/**
 * Until it has listeners, any signal ends a worker. If it was sent to all processes of the service, by systemd or a Ctrl-C, this
 * one has it, too, and is about to stop: only after that is the exit no crash.
 */
export function afterOwnSignal(signal: string | null, report: () => void): void {
  if (exitSignals().some((each) => each === signal)) setTimeout(report, SAME_SIGNAL_MS);
  else report();
}
