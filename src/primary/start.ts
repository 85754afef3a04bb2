// Runs in the primary process: binds, starts the fleet, and ties its end to the end of the process.
import { BootFailedError, GaveUpError, StoppedError } from '../errors.ts';
import type { ClusteredLogger, Settings } from '../options.ts';
import { bind } from './listener.ts';
import { createLogger } from './logger.ts';
import { Primary } from './primary.ts';
import type { Closed, ClusteredPrimary } from './primary.ts';
import { PinnedReleases } from './pinned-releases.ts';
import { locate } from './release.ts';
import { handleSignals } from './signals.ts';
import type { StopCause } from './signals.ts';

/**
 * Settles when all wanted workers are ready.
 * @throws FST_CLUSTERED_LISTEN_FAILED, FST_CLUSTERED_NO_ENTRY, FST_CLUSTERED_RELEASE_NOT_FOUND: before any fork
 * @throws FST_CLUSTERED_BOOT_FAILED: a worker failed before any was ready; all are stopped
 */
export async function startPrimary(settings: Settings): Promise<ClusteredPrimary> {
  const releases = new PinnedReleases(locate(settings), settings);
  const { entry, cwd } = releases.first;
  const log = await createLogger(settings.logger);
  const listener = await bind(settings.listen);
  log.info({ addresses: listener.addresses, workers: settings.workers, entry, cwd }, 'sockets bound');
  const primary = new Primary({ settings, listener, releases }, log);
  const ready = Promise.race([whenReady(primary), whenClosed(primary)]);
  tieToProcess(primary, log);
  primary.start();
  await ready;
  return primary;
}

function whenReady({ events }: ClusteredPrimary): Promise<void> {
  return new Promise((resolve) => {
    events.once('fleet-ready', () => resolve());
  });
}

async function whenClosed({ closed }: ClusteredPrimary): Promise<never> {
  throw failure(await closed) ?? new StoppedError('it was ready');
}

function failure({ exitCode, reason, error }: Closed): Error | null {
  const why = error?.message ?? 'no worker could say why';
  switch (reason) {
    case 'boot-failed':
      return new BootFailedError(why, { cause: error });
    case 'gave-up':
      return new GaveUpError(why, { cause: error });
    case 'asked':
    case 'forced':
    case 'timed-out':
    case 'unclean':
      return exitCode === 0 ? null : new StoppedError(`it was done (${reason})`);
  }
}

function tieToProcess(primary: Primary, log: ClusteredLogger): void {
  const signals = handleSignals({
    restart: () => void primary.restart(),
    step: (by) => primary.stepSize(by),
    async stop({ signal, error }: StopCause) {
      if (error !== undefined) log.error({ err: error }, 'uncaught error in the primary');
      else if (signal !== null) log.info({ signal }, 'signal received');
      const failed = failure(await primary.close());
      if (failed !== null) throw failed;
    },
    force(cause) {
      log.error({ cause }, 'forced to stop');
      primary.force();
    },
  });
  void primary.closed.then(({ reason }) => {
    // Nobody waits for the end of a fleet that gave up: the process must not live on without workers.
    return reason === 'gave-up' ? signals.end() : signals.uninstall();
  });
}
