// The first thing that runs in a worker (--import), before the app's own imports begin.
import cluster from 'node:cluster';
import process from 'node:process';
import { attempt } from '../attempt.ts';
import { ExitHandlers } from '../process/exit-handlers.ts';
import type { EndingEvent } from '../process/exit-handlers.ts';
import { writeToStderr } from '../process/stderr.ts';
import { wrap } from '../protocol/envelope.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import type { WorkerMessage } from '../protocol/from-worker.ts';
import { hasSettings, readSettings } from '../protocol/worker-settings.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import { HELD_EVENTS } from './held-events.ts';

/** Ctrl-C and `kill -- -pgid` reach the workers, too. Only the primary acts on them. */
const IGNORED_SIGNALS = [...HELD_EVENTS.signals, 'SIGTTIN', 'SIGTTOU'] as const;

if (cluster.isWorker && hasSettings()) {
  const settings = readSettings();
  const handlers = new ExitHandlers(settings.exitHandlers, HELD_EVENTS);
  for (const signal of IGNORED_SIGNALS) handlers.listen(signal, () => undefined);
  // Otherwise Node exits in the middle of everything when the primary is gone.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  const stopListening = handlers.listen('uncaughtException', (error: unknown, origin: unknown) => {
    // Once the app starts, its worker handles them.
    if (!hasSettings()) return stopListening();
    failToLoad(error, handlers.eventOf(error, origin), handlers, settings);
  });
  process.on('disconnect', exitUnlessStarted);
}

/** The primary is gone while the entry file loads: startClustered was not called, so there is nothing to close. */
function exitUnlessStarted(): void {
  if (hasSettings()) process.exit(0);
}

let hasFailed = false;

/** The entry file cannot be parsed, or throws while it loads: no other code is there yet that could report it. */
function failToLoad(
  thrown: unknown,
  event: EndingEvent,
  handlers: ExitHandlers,
  { primaryLogs, exitHandlers, closeMs }: WorkerSettings,
): void {
  if (hasFailed) return;
  hasFailed = true;
  const error = toErrorInfo(thrown);
  // Others heard of it at once, and end the process when they are done.
  const isForOthers = exitHandlers === 'leave' && process.listenerCount('uncaughtException') > 1;
  // Only Node knows where a file cannot be parsed, and it says so only if the error is uncaught.
  const isForNode = !isForOthers && attempt(() => thrown instanceof SyntaxError) === true;
  const write = (): void => {
    if (!isForNode) writeToStderr('the worker could not load its entry file', error);
  };
  // Before the message: once the primary has it, it may kill this process.
  if (!primaryLogs) write();
  const exit = async (isSent: boolean): Promise<void> => {
    if (!isSent && primaryLogs) write();
    if (isForOthers) return;
    process.channel?.unref();
    await handlers.run(event, { exitCode: () => 1, withinMs: closeMs, failed: () => undefined });
    process.exit(1);
  };
  const end = (isSent: boolean): void => {
    if (!isForNode) return void exit(isSent);
    handlers.leaveErrorsToNode();
    throw thrown;
  };
  if (process.send === undefined || !process.connected) return end(false);
  const message: WorkerMessage = { type: 'failing', error };
  process.send(wrap(message), undefined, undefined, (failed) => end(!failed));
}
