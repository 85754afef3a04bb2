// Builds and boots the app, and checks that what buildApp returned is one.
import type net from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { fieldOf, isError } from '../protocol/error-fields.ts';
import { AppListensError, NotAnAppError, NotAnErrorError } from '../errors.ts';
import { show } from '../show.ts';
import type { WorkerContext } from './context.ts';

/** The part of a FastifyInstance that a worker needs: any instance has it, whatever its server, logger or type provider. */
export interface ServableApp {
  readonly server: net.Server;
  readonly log: {
    info(details: object, message: string): void;
    warn(details: object, message: string): void;
    error(details: object, message: string): void;
  };
  ready(): PromiseLike<unknown>;
  listen(options: {
    readonly host?: string;
    readonly port?: number;
    readonly path?: string;
    readonly ipv6Only?: boolean;
    readonly backlog: number;
  }): Promise<string>;
  close(): PromiseLike<unknown>;
}

/**
 * Builds the app, and does not listen. Called once in each worker, or once in the single process (`workers: 0`); never in
 * the primary. If it throws or rejects, the worker fails to boot.
 */
export type AppBuilder<App extends ServableApp = ServableApp> = (
  worker: WorkerContext,
) => App | PromiseLike<App>;

/**
 * The type of a `buildApp` that tests call, too: without a worker, the plugin gives the app a context of role `single`.
 */
export type BuildApp<App extends ServableApp = ServableApp> = (
  worker?: WorkerContext,
) => App | PromiseLike<App>;

/**
 * The app, booted.
 * @param ports where the service listens
 * @throws FST_CLUSTERED_NOT_AN_APP, FST_CLUSTERED_APP_LISTENS, FST_CLUSTERED_NOT_AN_ERROR, or what buildApp or a plugin threw
 */
export async function build<App extends ServableApp>(
  buildApp: AppBuilder<App>,
  context: WorkerContext,
  ports: readonly number[],
): Promise<App> {
  try {
    const app: unknown = await buildApp(context);
    // What app.listen() resolves with: buildApp returned that instead of the app.
    if (typeof app === 'string' && /^https?:\/\//.test(app)) throw new AppListensError();
    if (!isApp<App>(app)) throw new NotAnAppError(show(app));
    await bootSilently(app);
    return app;
  } catch (thrown) {
    if (isBusy(thrown, ports)) throw new AppListensError({ cause: thrown });
    throw isError(thrown) ? thrown : new NotAnErrorError(show(thrown), { cause: thrown });
  }
}

/** app.listen() without `await` waits until the app is ready, and only then calls server.listen(). */
async function bootSilently(app: ServableApp): Promise<void> {
  const { server } = app;
  let hasListened = server.listening;
  Object.defineProperty(server, 'listen', {
    configurable: true,
    value: () => {
      hasListened = true;
      return server;
    },
  });
  try {
    await app.ready();
    await setImmediate();
  } finally {
    Reflect.deleteProperty(server, 'listen');
  }
  if (!hasListened) return;
  // It must not serve on beside the error.
  void Promise.resolve(app.close()).catch(() => undefined);
  throw new AppListensError();
}

/** The app wanted to listen where the service does. */
function isBusy(thrown: unknown, ports: readonly number[]): boolean {
  if (!isError(thrown) || fieldOf(thrown, 'code') !== 'EADDRINUSE') return false;
  const port = fieldOf(thrown, 'port');
  return typeof port === 'number' && ports.includes(port);
}

const METHODS = ['ready', 'listen', 'close', 'register', 'inject'];

function isApp<App extends ServableApp>(value: unknown): value is App {
  return (
    typeof value === 'object' &&
    value !== null &&
    METHODS.every((method) => typeof Reflect.get(value, method) === 'function') &&
    typeof Reflect.get(value, 'server') === 'object'
  );
}
