// Runs in the primary process: binds, starts the fleet, and ties its end to the end of the process.
import { toErrorInfo, toPlainError } from '../protocol/error-info.ts';
import { BootFailedError, GaveUpError, StoppedError } from '../errors.ts';
import { handleExit } from '../process/exit.ts';
import type { Settings } from '../options/index.ts';
import { writeToStderr } from '../process/stderr.ts';
import { bind } from './sockets/held-sockets.ts';
import type { PrimaryLogger } from './log/guard.ts';
import { createLog } from './log/logger.ts';
import { Primary } from './primary.ts';
import type { Closed, ClusteredPrimary } from './primary.ts';
import { PinnedReleases } from './releases/pinned-releases.ts';
import { locate } from './releases/release.ts';
import { handleSignals } from './signals.ts';

/**
 * Settles when all wanted workers are ready.
 * @throws FST_CLUSTERED_LISTEN_FAILED, FST_CLUSTERED_NO_ENTRY, FST_CLUSTERED_RELEASE_NOT_FOUND: before any fork
 * @throws FST_CLUSTERED_BOOT_FAILED: a worker failed before any was ready; all are stopped
 */
export async function startPrimary(settings: Settings): Promise<ClusteredPrimary> {
  const releases = new PinnedReleases(locate(settings), settings);
  const { entry, cwd } = releases.first;
  const log = await createLog(settings.logger);
  const listener = await bind(settings.listen);
  log.info({ addresses: listener.addresses, workers: settings.workers, entry, cwd }, 'sockets bound');
  const primary = new Primary({ settings, listener, releases }, log);
  const ready = Promise.race([whenReady(primary), whenClosed(primary)]);
  tieToProcess(primary, log, settings.logger !== false);
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
    case 'requested':
    case 'forced':
    case 'timed-out':
    case 'unclean':
      return exitCode === 0 ? null : new StoppedError(`it was done (${reason})`);
  }
}

const UNCAUGHT = 'uncaught error in the primary';

function tieToProcess(primary: Primary, log: PrimaryLogger, logs: boolean): void {
  const tellUncaught = (error: unknown): void => {
    log.error({ err: toPlainError(error) }, UNCAUGHT);
    if (!logs) writeToStderr(UNCAUGHT, toErrorInfo(error));
  };
  const uninstall = handleSignals({
    restart: () => void primary.restart(),
    step: (by) => primary.stepSize(by),
  });
  const exit = handleExit({
    async stop(cause) {
      const closed = primary.close();
      if (cause.type === 'error') tellUncaught(cause.error);
      if (cause.type === 'signal') log.info({ signal: cause.signal }, 'signal received');
      const failed = failure(await closed);
      if (failed !== null) throw failed;
    },
    force(signal) {
      primary.force();
      log.error({ signal }, 'forced to stop');
    },
    failedAgain: tellUncaught,
  });
  void primary.closed.then(({ reason }) => {
    uninstall();
    // Nobody waits for the end of a fleet that gave up: the process must not live on without workers.
    return reason === 'gave-up' ? exit.end() : exit.uninstall();
  });
}
