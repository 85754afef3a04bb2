// Builds and boots the app, and checks that what buildApp returned is one.
import type net from 'node:net';
import { isError } from '../protocol/error-fields.ts';
import { AppListensError, NotAnAppError, NotAnErrorError } from '../errors.ts';
import { show } from '../show.ts';
import type { WorkerContext } from './context.ts';

/** The part of a FastifyInstance that a worker needs: any instance has it, whatever its server, logger or type provider. */
export interface ServableApp {
  readonly server: net.Server;
  readonly log: {
    warn(details: object, message: string): void;
    error(details: object, message: string): void;
  };
  ready(): PromiseLike<unknown>;
  listen(options: {
    readonly host: string;
    readonly port: number;
    readonly backlog: number;
  }): Promise<string>;
  close(): PromiseLike<unknown>;
}

/**
 * Builds the app, and does not listen. Called once in each worker, or once in the single process (`workers: 0`); never in
 * the primary. If it throws or rejects, the worker fails to boot.
 */
export type BuildApp<App extends ServableApp = ServableApp> = (
  worker: WorkerContext,
) => App | PromiseLike<App>;

/**
 * The app, booted.
 * @throws FST_CLUSTERED_NOT_AN_APP, FST_CLUSTERED_APP_LISTENS, FST_CLUSTERED_NOT_AN_ERROR, or what buildApp or a plugin threw
 */
export async function build<App extends ServableApp>(
  buildApp: BuildApp<App>,
  context: WorkerContext,
): Promise<App> {
  try {
    const app: unknown = await buildApp(context);
    if (!isApp<App>(app)) throw new NotAnAppError(show(app));
    if (app.server.listening) throw new AppListensError();
    await app.ready();
    return app;
  } catch (thrown) {
    throw isError(thrown) ? thrown : new NotAnErrorError(show(thrown), { cause: thrown });
  }
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
