// One process without a primary (`workers: 0`): same app, same hooks, same signals, same drain.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { toErrorInfo } from '../protocol/error-info.ts';
import { handleExit, isInTerminal } from '../process/exit.ts';
import type { Settings } from '../options/index.ts';
import { attempt } from '../attempt.ts';
import { writeToStderr } from '../process/stderr.ts';
import { build } from '../app/app.ts';
import type { BuildApp, ServableApp } from '../app/app.ts';
import { close } from '../app/close.ts';
import { Connections } from '../drain/connections.ts';
import type { WorkerContext } from '../app/context.ts';
import { Drain } from '../drain/drain.ts';
import { Sessions } from '../drain/http2.ts';
import { listenAlone } from '../app/listen.ts';
import { logError } from '../app/log-error.ts';
import { createSingleContext } from './context.ts';

/** What startClustered gives with `workers: 0`. */
export interface ClusteredSingle<App extends ServableApp = ServableApp> {
  readonly role: 'single';
  readonly app: App;
  readonly worker: WorkerContext;
  /** Graceful shutdown, as SIGTERM does it, but the process goes on. Later calls share the promise. */
  close(): Promise<void>;
}

/** Settles when it listens. @throws FST_CLUSTERED_LISTEN_FAILED, or what buildApp or a plugin threw */
export async function startSingle<App extends ServableApp>(
  buildApp: BuildApp<App>,
  { listen, policy }: Settings,
): Promise<ClusteredSingle<App>> {
  const context = createSingleContext();
  const app = await build(buildApp, context);
  const connections = new Connections(app.server);
  const sessions = new Sessions(app.server);
  const acceptor = await listenAlone(app, listen);
  const drain = new Drain({ app, context, connections, sessions, acceptor });
  context.becomeReady();
  const stop = once(async () => {
    context.becomeUnready();
    await setTimeout(policy.shutdown.delayMs);
    await drain.drain({ final: true, ...policy.shutdown });
    if (!(await close(app, policy.closeMs))) throw new Error('app.close() did not succeed');
  });
  const uninstall = tieToProcess(app, stop);
  return { role: 'single', app, worker: context, close: () => stop().finally(uninstall) };
}

/** What cannot be done without a primary is told. Returns what uninstalls it. */
function tieToProcess(app: ServableApp, stop: () => Promise<void>): () => void {
  const refused = isInTerminal() ? (['SIGUSR2'] as const) : (['SIGUSR2', 'SIGHUP'] as const);
  const refuse = (signal: string): void =>
    app.log.error({ signal }, 'a single process cannot be rolled; restart it, or set workers above 0');
  for (const signal of refused) process.on(signal, refuse);
  const exit = handleExit({
    async stop(cause) {
      if (cause.type === 'error') tell(app, cause.error);
      await stop();
    },
    force: () => process.exit(1),
    failedAgain: (error) => tell(app, error),
  });
  return () => {
    exit.uninstall();
    for (const signal of refused) process.removeListener(signal, refuse);
  };
}

/** An app without a logger, as Fastify makes it by default, has one that does nothing. */
function tell({ log }: ServableApp, error: unknown): void {
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
