// The first thing that runs in a worker (--import), before the app's own imports begin.
import cluster from 'node:cluster';
import process from 'node:process';
import { SETTINGS_VARIABLE, toErrorInfo, wrap } from '../messages.ts';

/** Ctrl-C and `kill -- -pgid` reach the workers, too: what they mean is the primary's business. */
const DEAF_TO = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGTERM', 'SIGTTIN', 'SIGTTOU'] as const;

if (cluster.isWorker && process.env[SETTINGS_VARIABLE] !== undefined) {
  for (const signal of DEAF_TO) process.on(signal, () => undefined);
  // Else Node ends this process in the middle of everything when the primary is gone.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  process.on('uncaughtException', failToLoad);
  process.on('disconnect', endUnlessStarted);
}

/** The primary is gone while the app's imports are still running: nothing has been built that would have to be closed. */
function endUnlessStarted(): void {
  if (process.env[SETTINGS_VARIABLE] !== undefined) process.exit(0);
}

/** The entry file cannot be parsed or throws while it loads: nobody else is there yet who could tell the primary. */
function failToLoad(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 1) return;
  if (process.send === undefined || !process.connected) end(error);
  else
    process.send(wrap({ type: 'failing', error: toErrorInfo(error) }), undefined, undefined, () =>
      end(error),
    );
}

function end(error: unknown): void {
  // Where a file cannot be parsed is known to Node alone, and it says so only when nobody catches the error.
  process.removeListener('uncaughtException', failToLoad);
  if (error instanceof SyntaxError) throw error;
  process.exit(1);
}
