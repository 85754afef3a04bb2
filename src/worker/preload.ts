// The first thing that runs in a worker (--import), before the app's own imports begin.
import cluster from 'node:cluster';
import process from 'node:process';
import { attempt } from '../attempt.ts';
import { writeToStderr } from '../process/stderr.ts';
import { wrap } from '../protocol/envelope.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import type { WorkerMessage } from '../protocol/from-worker.ts';
import { hasSettings } from '../protocol/worker-settings.ts';

/** Ctrl-C and `kill -- -pgid` reach the workers, too. Only the primary acts on them. */
const IGNORED_SIGNALS = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGTERM', 'SIGTTIN', 'SIGTTOU'] as const;

if (cluster.isWorker && hasSettings()) {
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => undefined);
  // Otherwise Node exits in the middle of everything when the primary is gone.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  process.on('uncaughtException', function failToLoad(error: unknown) {
    if (process.listenerCount('uncaughtException') > 1) return;
    // What is thrown after this is for Node to report.
    report(error, () => process.removeListener('uncaughtException', failToLoad));
  });
  process.on('disconnect', exitUnlessStarted);
}

/** The primary is gone while the entry file loads: startClustered was not called, so there is nothing to close. */
function exitUnlessStarted(): void {
  if (hasSettings()) process.exit(0);
}

/** The entry file cannot be parsed, or throws while it loads: no other code is there yet that could report it. */
function report(thrown: unknown, leaveToNode: () => void): void {
  const error = toErrorInfo(thrown);
  // Where it could not be found out where a file cannot be parsed, Node still says so, if the error is uncaught.
  const isForNode =
    attempt(() => thrown instanceof SyntaxError) === true && error.stack?.startsWith('SyntaxError') === true;
  const exit = (isSent: boolean): void => {
    // Else the primary tells it.
    if (!isSent && !isForNode) writeToStderr('the worker could not load its entry file', error);
    if (isForNode) {
      leaveToNode();
      throw thrown;
    }
    process.exit(1);
  };
  if (process.send === undefined || !process.connected) return exit(false);
  const message: WorkerMessage = { type: 'failing', error };
  process.send(wrap(message), undefined, undefined, (failed) => exit(!failed));
}
