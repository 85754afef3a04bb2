// One process without a primary (`workers: 0`): same app, same hooks, same signals, same drain.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { build } from '../app/app.ts';
import type { AppBuilder, ServableApp } from '../app/app.ts';
import { allowClosingAgain, close } from '../app/close.ts';
import type { MutableContext, WorkerContext } from '../app/context.ts';
import { logError } from '../app/log-error.ts';
import { attempt } from '../attempt.ts';
import { serveControl } from '../control/serve.ts';
import { openControlSocket } from '../control/socket.ts';
import type { Cut } from '../drain/cut.ts';
import { FurtherServers } from '../drain/further-servers.ts';
import { NamedEndpoints } from '../drain/named-endpoints.ts';
import { serve } from '../drain/serve.ts';
import type { ProbeServer } from '../health/server.ts';
import { takeHandedOver } from '../net/handed-over.ts';
import { placesOf } from '../net/places.ts';
import { unknownVariables } from '../options/index.ts';
import type { Settings } from '../options/index.ts';
import { ExitHandlers } from '../process/exit-handlers.ts';
import { handleExit, heldEvents, restartSignals } from '../process/exit.ts';
import { writeToStderr } from '../process/stderr.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import { microseconds, serviceManager } from '../systemd/service-manager.ts';
import { createSingle } from './context.ts';
import { SingleTarget } from './control-target.ts';
import { listen } from './listen.ts';
import { openingsAt } from './openings.ts';
import { answerProbes } from './probes.ts';

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
  buildApp: AppBuilder<App>,
  settings: Settings,
): Promise<ClusteredSingle<App>> {
  const handlers = new ExitHandlers(settings.exitHandlers, heldEvents());
  const furtherServers = new FurtherServers();
  const { places, unused } = placesOf(settings.listen, takeHandedOver());
  const endpoints = new NamedEndpoints({
    names: new Set(places.flatMap(({ name }) => name ?? [])),
    furtherServers,
    openings: (name) => openingsAt(places.filter((place) => place.name === name)),
  });
  const single = createSingle(furtherServers, endpoints);
  const { context } = single;
  const { path } = settings.control;
  const target = new SingleTarget(context);
  const control = path === null ? null : await openControlSocket(path);
  const controlEnded = control && serveControl(control, target);
  let probes: ProbeServer | null = null;
  try {
    // From before the boot on: a probe then finds out that it goes on.
    probes = await answerProbes(single, settings.health);
    const parts = {
      handlers,
      furtherServers,
      endpoints,
      places,
      unused,
      context,
      probes,
      target,
      controlEnded,
    };
    return await startServing(buildApp, settings, parts);
  } catch (error) {
    probes?.close();
    target.end(error);
    throw error;
  }
}

interface Parts {
  readonly handlers: ExitHandlers;
  readonly furtherServers: FurtherServers;
  readonly endpoints: NamedEndpoints;
  readonly places: ReturnType<typeof placesOf>['places'];
  readonly unused: ReturnType<typeof placesOf>['unused'];
  readonly context: MutableContext;
  readonly probes: ProbeServer | null;
  /** What the control socket, if there is one, reaches. */
  readonly target: SingleTarget;
  /** Settles when the last answer over it is written. */
  readonly controlEnded: Promise<unknown> | null;
}

async function startServing<App extends ServableApp>(
  buildApp: AppBuilder<App>,
  { policy }: Settings,
  { handlers, furtherServers, endpoints, places, unused, context, probes, target, controlEnded }: Parts,
): Promise<ClusteredSingle<App>> {
  const order = { final: true, ...policy.shutdown };
  // What the app has opened must not keep a process alive that does not serve.
  const ports = places.flatMap((place) => (place.type === 'tcp' ? [place.port] : []));
  const app = await build(buildApp, context, ports).catch(async (error: unknown) => {
    await furtherServers.drain(order);
    throw error;
  });
  const onCut = (cut: Cut): void => {
    attempt(() => app.log.warn({ ...cut }, 'connections cut'));
  };
  const options = { furtherServers, onCut };
  const own = places.filter(({ name }) => name === null);
  const { drain } = await serve(app, context, () => listen(app, own), options).catch(
    async (error: unknown) => {
      await furtherServers.drain(order);
      await close(app, policy.closeMs);
      throw error;
    },
  );
  const systemd = serviceManager((error) => logError(app.log, error, 'systemd not notified'));
  context.markReady();
  void context.lead((error) => logError(app.log, error, 'an onLeader hook failed'));
  const stop = once(async () => {
    context.markLeaving();
    systemd?.tell({ STOPPING: '1', STATUS: 'stopping', ...extension(policy) });
    await setTimeout(policy.shutdown.delayMs);
    await drain.drain(order);
    const isClosed = await close(app, policy.closeMs, drain.ended);
    probes?.close();
    const error = isClosed ? null : new Error('app.close() did not succeed');
    target.end(error);
    await controlEnded;
    if (error !== null) throw error;
  });
  if (probes !== null) attempt(() => app.log.info({ address: probes.address }, 'probes answered'));
  const variables = unknownVariables(process.env);
  if (variables.length > 0) attempt(() => app.log.warn({ variables }, 'environment variables unknown'));
  const uninstall = installHandlers(app, stop, handlers, policy.closeMs, target);
  // Only now: whoever waits for it may send a signal.
  systemd?.tell({ READY: '1', STATUS: 'serving from one process' });
  if (unused !== null) attempt(() => app.log.warn({ ...unused }, 'descriptors unused'));
  const { untaken } = endpoints;
  if (untaken.length > 0) attempt(() => app.log.warn({ names: untaken }, 'endpoints not served'));
  handlers.tell((held) => attempt(() => app.log.warn({ handlers: held }, 'exit handlers held back')));
  return { role: 'single', app, worker: context, close: () => stop().finally(uninstall) };
}

/** The delay, the grace, app.close(), the exit handlers of others, and a margin: TimeoutStopSec= must not be shorter. */
function extension({ shutdown, closeMs }: Settings['policy']): { readonly EXTEND_TIMEOUT_USEC: string } {
  return { EXTEND_TIMEOUT_USEC: microseconds(shutdown.delayMs + shutdown.graceMs + 3 * closeMs + 5_000) };
}

/** A signal that only a primary could act on is refused with a log line. Returns the function that uninstalls the handlers. */
function installHandlers(
  app: ServableApp,
  stop: () => Promise<void>,
  handlers: ExitHandlers,
  closeMs: number,
  target: SingleTarget,
): () => void {
  const refuse = (signal: string): void =>
    app.log.error({ signal }, 'a single process cannot be rolled; restart it, or set workers above 0');
  const uninstallers = restartSignals().map((signal) => handlers.listen(signal, refuse));
  const exit = handleExit({
    handlers,
    closeMs,
    async stop(cause) {
      if (cause.type === 'error') report(app, cause.error);
      await stop();
      allowClosingAgain(app.server);
    },
    force: () => process.exit(1),
    failedAgain: (error) => report(app, error),
  });
  target.serving(() => exit.end());
  return () => {
    exit.uninstall();
    for (const uninstall of uninstallers) uninstall();
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
