// Decides which role this process has: primary, worker or single. Each role loads only its own code.
import cluster from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import {
  AlreadyStartedError,
  ForeignWorkerError,
  SingleExecutableError,
  WorkerThreadError,
} from './errors.ts';
import { currentRuntime, validate, validateBuildApp } from './options/index.ts';
import type { ClusteredOptions } from './options/index.ts';
// As early as possible: elsewhere than on Linux it notes the environment when it is loaded.
import './process/environment.ts';
import { FailedStart } from './process/failed-start.ts';
import { isSingleExecutable } from './process/single-executable.ts';
import { hasSettings } from './protocol/worker-settings.ts';
import type { ClusteredPrimary } from './primary/clustered-primary.ts';
import type { AppBuilder, ServableApp } from './app/app.ts';
import type { ClusteredSingle } from './single/start.ts';
import type { ClusteredWorker } from './worker/start.ts';

/** What startClustered resolves with. `role` tells the three apart. */
export type Clustered<App extends ServableApp = ServableApp> =
  ClusteredPrimary | ClusteredWorker<App> | ClusteredSingle<App>;

/** How a further call fails. Null: nothing is started. */
let started: { again(): Error } | null = null;

const exitCode = new FailedStart();

/**
 * Serves the app that `buildApp` builds from every core. The entry file runs in the primary process, which supervises
 * and holds the listening socket, and again in each worker, which builds the app and serves it.
 *
 * In the primary the promise settles when all workers are ready; in a worker, and with `workers: 0`, when the app
 * listens. With workers, `buildApp` is called in them only, not in the primary.
 *
 * If it rejects, the exit code of the process becomes 1, also if the rejection is caught; a later call that succeeds takes
 * that back.
 *
 * @throws FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_OPTION_UNKNOWN: before anything is started
 * @throws FST_CLUSTERED_ALREADY_STARTED, FST_CLUSTERED_WORKER_THREAD, FST_CLUSTERED_FOREIGN_WORKER, FST_CLUSTERED_SINGLE_EXECUTABLE: called where it cannot work
 * @throws FST_CLUSTERED_LISTEN_FAILED: the address is in use, forbidden or unknown
 * @throws FST_CLUSTERED_BOOT_FAILED: a worker failed before any was ready; `cause` is that worker's own error
 */
export async function startClustered<App extends ServableApp>(
  buildApp: AppBuilder<App>,
  options: ClusteredOptions = {},
): Promise<Clustered<App>> {
  try {
    const clustered = await start(buildApp, options);
    exitCode.clear();
    return clustered;
  } catch (error) {
    exitCode.fail();
    throw error;
  }
}

async function start<App extends ServableApp>(
  buildApp: AppBuilder<App>,
  options: ClusteredOptions,
): Promise<Clustered<App>> {
  if (!isMainThread) throw new WorkerThreadError();
  if (started !== null) throw started.again();
  validateBuildApp(buildApp);
  if (cluster.isWorker && hasSettings()) {
    started = { again: () => new AlreadyStartedError() };
    const { startWorker } = await import('./worker/start.ts');
    return startWorker(buildApp, (failBoot) => {
      started = { again: () => failBoot(new AlreadyStartedError()) };
    });
  }
  started = { again: () => new AlreadyStartedError() };
  try {
    return await startService(buildApp, options);
  } catch (error) {
    // Nothing is left of it, so it can be tried again, at another port for example.
    started = null;
    throw error;
  }
}

async function startService<App extends ServableApp>(
  buildApp: AppBuilder<App>,
  options: ClusteredOptions,
): Promise<Clustered<App>> {
  const { findResources } = await import('./primary/resources/resources.ts');
  const resources = findResources();
  const settings = validate(options, currentRuntime(resources.capacity));
  if (settings.workers > 0) {
    if (cluster.isWorker) throw new ForeignWorkerError();
    if (isSingleExecutable()) throw new SingleExecutableError();
  }
  if (settings.workers === 0) {
    const { startSingle } = await import('./single/start.ts');
    return startSingle(buildApp, settings);
  }
  const { startPrimary } = await import('./primary/start.ts');
  return startPrimary(settings, resources);
}
