// Decides which role this process has: primary, worker or single. Each role loads only its own code.
import cluster from 'node:cluster';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { AlreadyStartedError, ForeignWorkerError, PlatformError, WorkerThreadError } from './errors.ts';
import { validate } from './options/index.ts';
import type { ClusteredOptions } from './options/index.ts';
import { hasSettings } from './protocol/worker-settings.ts';
import type { ClusteredPrimary } from './primary/clustered-primary.ts';
import type { BuildApp, ServableApp } from './app/app.ts';
import type { ClusteredSingle } from './single/start.ts';
import type { ClusteredWorker } from './worker/start.ts';

/** What startClustered resolves with. `role` tells the three apart. */
export type Clustered<App extends ServableApp = ServableApp> =
  ClusteredPrimary | ClusteredWorker<App> | ClusteredSingle<App>;

let started = false;

/**
 * Serves the app that `buildApp` builds from every core. The entry file runs in the primary process, which supervises
 * and holds the listening socket, and again in each worker, which builds the app and serves it.
 *
 * In the primary the promise settles when all workers are ready; in a worker, and with `workers: 0`, when the app
 * listens. With workers, `buildApp` is called in them only, not in the primary.
 *
 * @throws FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_OPTION_UNKNOWN: before anything is started
 * @throws FST_CLUSTERED_ALREADY_STARTED, FST_CLUSTERED_WORKER_THREAD, FST_CLUSTERED_FOREIGN_WORKER, FST_CLUSTERED_PLATFORM: called where it cannot work
 * @throws FST_CLUSTERED_LISTEN_FAILED: the address is in use, forbidden or unknown
 * @throws FST_CLUSTERED_BOOT_FAILED: a worker failed before any was ready; `cause` is that worker's own error
 */
export async function startClustered<App extends ServableApp>(
  buildApp: BuildApp<App>,
  options: ClusteredOptions = {},
): Promise<Clustered<App>> {
  if (!isMainThread) throw new WorkerThreadError();
  if (started) throw new AlreadyStartedError();
  if (cluster.isWorker && hasSettings()) {
    started = true;
    const { startWorker } = await import('./worker/start.ts');
    return startWorker(buildApp);
  }
  const settings = validate(options);
  if (settings.workers > 0) {
    if (cluster.isWorker) throw new ForeignWorkerError();
    if (process.platform === 'win32') throw new PlatformError(process.platform);
  }
  started = true;
  if (settings.workers === 0) {
    const { startSingle } = await import('./single/start.ts');
    return startSingle(buildApp, settings);
  }
  const { startPrimary } = await import('./primary/start.ts');
  return startPrimary(settings);
}
