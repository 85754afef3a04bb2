// Runs in the primary process: binds the sockets, starts the fleet, and ties its end to the end of the process.
import { BootFailedError, GaveUpError, StoppedError } from '../errors.ts';
import { addressOf, tcp } from '../net/endpoint.ts';
import type { Settings } from '../options/index.ts';
import { handleExit } from '../process/exit.ts';
import { writeToStderr } from '../process/stderr.ts';
import { toErrorInfo, toPlainError } from '../protocol/error-info.ts';
import type { ClusteredPrimary, Closed } from './clustered-primary.ts';
import type { PrimaryLogger } from './log/guard.ts';
import { createLog } from './log/logger.ts';
import { Primary } from './primary.ts';
import { PinnedReleases } from './releases/pinned-releases.ts';
import { locate, pathsOf } from './releases/release.ts';
import { handleSignals } from './signals.ts';
import { holdSockets } from './sockets/held-sockets.ts';

/**
 * Settles when as many workers are ready as the option `workers` says.
 * @throws FST_CLUSTERED_LISTEN_FAILED, FST_CLUSTERED_NO_ENTRY, FST_CLUSTERED_RELEASE_NOT_FOUND: before any fork
 * @throws FST_CLUSTERED_BOOT_FAILED: a worker failed before any was ready; all are stopped
 */
export async function startPrimary(settings: Settings): Promise<ClusteredPrimary> {
  const { workers, listen } = settings;
  const releases = new PinnedReleases(locate(settings), settings);
  const log = await createLog(settings.logger);
  const { timeoutMs } = listen;
  const sockets = await holdSockets(tcp(listen), {
    timeoutMs,
    waiting: (endpoints) =>
      log.warn(
        { addresses: endpoints.map(addressOf), timeoutMs, explanation: IN_USE },
        'port in use, waiting',
      ),
  });
  log.info(
    { addresses: sockets.endpoints.map(addressOf), workers, ...pathsOf(releases.first) },
    'sockets bound',
  );
  const primary = new Primary({ settings, log, sockets, releases });
  const ready = Promise.race([whenReady(primary), rejectWhenClosed(primary)]);
  tieToProcess(primary, log, settings.logger !== false);
  primary.start();
  await ready;
  return primary;
}

const IN_USE =
  'the workers of a primary that was killed hold the port until they have finished; any other process may hold it for longer';

function whenReady({ events }: ClusteredPrimary): Promise<void> {
  return new Promise((resolve) => {
    events.once('fleet-ready', () => resolve());
  });
}

async function rejectWhenClosed({ closed }: ClusteredPrimary): Promise<never> {
  throw errorOf(await closed) ?? new StoppedError('it was ready');
}

/** Null: the fleet ended as it was asked to. */
function errorOf({ exitCode, reason, error }: Closed): Error | null {
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

function tieToProcess(primary: Primary, log: PrimaryLogger, isLogging: boolean): void {
  const logUncaught = (error: unknown): void => {
    log.error({ err: toPlainError(error) }, UNCAUGHT);
    if (!isLogging) writeToStderr(UNCAUGHT, toErrorInfo(error));
  };
  const uninstall = handleSignals({
    restart: () => void primary.restart(),
    step: (by) => primary.stepSize(by),
  });
  const exit = handleExit({
    async stop(cause) {
      const closed = primary.close();
      if (cause.type === 'error') logUncaught(cause.error);
      if (cause.type === 'signal') log.info({ signal: cause.signal }, 'signal received');
      const error = errorOf(await closed);
      if (error !== null) throw error;
    },
    force(signal) {
      primary.force();
      log.error({ signal }, 'forced to stop');
    },
    failedAgain: logUncaught,
  });
  void primary.closed.then(({ reason }) => {
    uninstall();
    // A fleet that gave up was not asked to stop: the process must not live on without workers.
    return reason === 'gave-up' ? exit.end() : exit.uninstall();
  });
}
