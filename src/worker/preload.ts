// The first thing that runs in a worker (--import), before the app's own imports begin.
import cluster from 'node:cluster';
import process from 'node:process';
import { toErrorInfo } from '../protocol/error-info.ts';
import { SETTINGS_VARIABLE, wrap } from '../protocol/messages.ts';
import type { WorkerSettings } from '../protocol/messages.ts';
import { attempt } from '../attempt.ts';
import { writeToStderr } from '../process/stderr.ts';

/** Ctrl-C and `kill -- -pgid` reach the workers, too: what they mean is the primary's business. */
const IGNORED_SIGNALS = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGTERM', 'SIGTTIN', 'SIGTTOU'] as const;

const settings = process.env[SETTINGS_VARIABLE];

if (cluster.isWorker && settings !== undefined) {
  const { primaryLogs }: WorkerSettings = JSON.parse(settings);
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => undefined);
  // Else Node ends this process in the middle of everything when the primary is gone.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  process.on('uncaughtException', function failToLoad(error: unknown) {
    if (process.listenerCount('uncaughtException') > 1) return;
    // What is thrown from here on is for Node to tell.
    tell(error, primaryLogs, () => process.removeListener('uncaughtException', failToLoad));
  });
  process.on('disconnect', endUnlessStarted);
}

/** The primary is gone while the app's imports are still running: nothing has been built that would have to be closed. */
function endUnlessStarted(): void {
  if (process.env[SETTINGS_VARIABLE] !== undefined) process.exit(0);
}

/** The entry file cannot be parsed or throws while it loads: nobody else is there yet who could tell the primary. */
function tell(thrown: unknown, primaryLogs: boolean, leaveToNode: () => void): void {
  const error = toErrorInfo(thrown);
  // Where a file cannot be parsed is known to Node alone, and it says so only when nobody catches the error.
  const isForNode = attempt(() => thrown instanceof SyntaxError) === true;
  const write = (): void => {
    if (!isForNode) writeToStderr('the worker could not load its entry file', error);
  };
  // First of all: once the primary knows of it, it may kill this process.
  if (!primaryLogs) write();
  const end = (isTold: boolean): void => {
    if (!isTold && primaryLogs) write();
    if (isForNode) {
      leaveToNode();
      throw thrown;
    }
    process.exit(1);
  };
  if (process.send === undefined || !process.connected) return end(false);
  process.send(wrap({ type: 'failing', error }), undefined, undefined, (failed) => end(!failed));
}
