// One process without a primary (`workers: 0`): same app, same hooks, same signals, same drain.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { build } from '../app/app.ts';
import type { BuildApp, ServableApp } from '../app/app.ts';
import { close } from '../app/close.ts';
import type { WorkerContext } from '../app/context.ts';
import { logError } from '../app/log-error.ts';
import { attempt } from '../attempt.ts';
import { serve } from '../drain/serve.ts';
import type { Settings } from '../options/index.ts';
import { handleExit, isInTerminal } from '../process/exit.ts';
import { writeToStderr } from '../process/stderr.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import { createSingleContext } from './context.ts';
import { listen } from './listen.ts';

/** What startClustered resolves with if `workers` is 0. */
export interface ClusteredSingle<App extends ServableApp = ServableApp> {
  readonly role: 'single';
  readonly app: App;
  readonly worker: WorkerContext;
  /**
   * Graceful shutdown, as on SIGTERM, but the process does not exit. Later calls return the same promise.
   * @throws if app.close() fails, or takes longer than `closeMs`
   */
  close(): Promise<void>;
}

/** Settles when it listens. @throws FST_CLUSTERED_LISTEN_FAILED, or what buildApp or a plugin threw */
export async function startSingle<App extends ServableApp>(
  buildApp: BuildApp<App>,
  { listen: where, policy }: Settings,
): Promise<ClusteredSingle<App>> {
  const context = createSingleContext();
  const app = await build(buildApp, context);
  const drain = await serve(app, context, () => listen(app, where));
  context.markReady();
  void context.lead((error) => logError(app.log, error, 'an onLeader hook failed'));
  const stop = once(async () => {
    context.markLeaving();
    await setTimeout(policy.shutdown.delayMs);
    await drain.drain({ final: true, ...policy.shutdown });
    if (!(await close(app, policy.closeMs))) throw new Error('app.close() did not succeed');
  });
  const uninstall = installHandlers(app, stop);
  return { role: 'single', app, worker: context, close: () => stop().finally(uninstall) };
}

/** A signal that only a primary could act on is refused with a log line. Returns the function that uninstalls the handlers. */
function installHandlers(app: ServableApp, stop: () => Promise<void>): () => void {
  const refused = isInTerminal() ? (['SIGUSR2'] as const) : (['SIGUSR2', 'SIGHUP'] as const);
  const refuse = (signal: string): void =>
    app.log.error({ signal }, 'a single process cannot be rolled; restart it, or set workers above 0');
  for (const signal of refused) process.on(signal, refuse);
  const exit = handleExit({
    async stop(cause) {
      if (cause.type === 'error') report(app, cause.error);
      await stop();
    },
    force: () => process.exit(1),
    failedAgain: (error) => report(app, error),
  });
  return () => {
    exit.uninstall();
    for (const signal of refused) process.removeListener(signal, refuse);
  };
}

/** Without the option `logger`, which is Fastify's default, the app's logger does nothing: then stderr. */
function report({ log }: ServableApp, error: unknown): void {
  logError(log, error, UNCAUGHT);
  const isLevelEnabled: unknown = Reflect.get(log, 'isLevelEnabled');
  const isLogged = attempt(() => typeof isLevelEnabled === 'function' && isLevelEnabled.call(log, 'error'));
  if (isLogged !== true) writeToStderr(UNCAUGHT, toErrorInfo(error));
}

const UNCAUGHT = 'uncaught error, stopping';

function once<T>(run: () => Promise<T>): () => Promise<T> {
  let promise: Promise<T> | undefined;
  return () => (promise ??= run());
}
