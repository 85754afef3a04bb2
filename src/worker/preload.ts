// The first thing that runs in a worker (--import, or -e), before the app's own imports begin.
import cluster from 'node:cluster';
import process from 'node:process';
import { attempt } from '../attempt.ts';
import { ExitHandlers } from '../process/exit-handlers.ts';
import type { EndingEvent } from '../process/exit-handlers.ts';
import { writeToStderr } from '../process/stderr.ts';
import { wrap } from '../protocol/envelope.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import type { ErrorInfo } from '../protocol/error-info.ts';
import type { WorkerMessage } from '../protocol/from-worker.ts';
import { hasSettings, readSettings } from '../protocol/worker-settings.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import { removeEvaluated } from './evaluated.ts';
import { HELD_EVENTS } from './held-events.ts';
import { isDebuggerOpen } from './inspector.ts';

/** Ctrl-C and `kill -- -pgid` reach the workers, too. Only the primary acts on them. */
const IGNORED_SIGNALS = [...HELD_EVENTS.signals, 'SIGTTIN', 'SIGTTOU'] as const;

removeEvaluated();
if (cluster.isWorker && hasSettings()) preload(readSettings());

function preload(settings: WorkerSettings): void {
  const handlers = new ExitHandlers(settings.exitHandlers, HELD_EVENTS);
  for (const signal of IGNORED_SIGNALS) handlers.listen(signal, () => undefined);
  // Otherwise Node exits in the middle of everything when the primary is gone.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  // VS Code and others open one by NODE_OPTIONS, before anything else runs; the app may stop at a breakpoint at once.
  if (isDebuggerOpen()) tell({ type: 'debugged' }, () => undefined);
  let hasFailed = false;
  const stopListening = handlers.listen('uncaughtException', (error: unknown, origin: unknown) => {
    // Once the app starts, its worker handles them.
    if (!hasSettings()) return stopListening();
    if (hasFailed) return;
    hasFailed = true;
    failToLoad(error, handlers.eventOf(error, origin), { handlers, settings, stopListening });
  });
  process.on('disconnect', exitUnlessStarted);
}

/** The primary is gone while the entry file loads: startClustered was not called, so there is nothing to close. */
function exitUnlessStarted(): void {
  if (hasSettings()) process.exit(0);
}

interface Listening {
  readonly handlers: ExitHandlers;
  readonly settings: WorkerSettings;
  stopListening(): void;
}

/** The entry file cannot be parsed, or throws while it loads: no other code is there yet that could report it. */
function failToLoad(
  thrown: unknown,
  event: EndingEvent,
  { handlers, settings, stopListening }: Listening,
): void {
  const error = toErrorInfo(thrown);
  // Others heard of it at once, and end the process when they are done.
  const isForOthers = settings.exitHandlers === 'leave' && process.listenerCount('uncaughtException') > 1;
  const isForNode = !isForOthers && hasNoPlace(thrown, error);
  const exit = async (): Promise<void> => {
    process.channel?.unref();
    const withinMs = settings.closeMs;
    await handlers.run(event, { exitCode: () => 1, withinMs, failed: () => undefined });
    process.exit(1);
  };
  tell({ type: 'failing', error }, (isSent) => {
    if (isForNode) {
      stopListening();
      handlers.leaveErrorsToNode();
      throw thrown;
    }
    // Else the primary tells it.
    if (!isSent) writeToStderr('the worker could not load its entry file', error);
    if (!isForOthers) void exit();
  });
}

/** Where it could not be found out where a file cannot be parsed, Node still says so, if the error is uncaught. */
function hasNoPlace(thrown: unknown, { stack }: ErrorInfo): boolean {
  return attempt(() => thrown instanceof SyntaxError) === true && stack?.startsWith('SyntaxError') === true;
}

function tell(message: WorkerMessage, told: (isSent: boolean) => void): void {
  if (process.send === undefined || !process.connected) return told(false);
  process.send(wrap(message), undefined, undefined, (failed) => told(!failed));
}
