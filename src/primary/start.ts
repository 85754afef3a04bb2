// Runs in the primary process: binds the sockets, starts the fleet, and ties its end to the end of the process.
import type { Server } from 'node:net';
import { openControlSocket } from '../control/socket.ts';
import { serveControl } from '../control/serve.ts';
import { BootFailedError, GaveUpError, StoppedError } from '../errors.ts';
import { addressOf } from '../net/endpoint.ts';
import { takeHandedOver } from '../net/handed-over.ts';
import { placesOf } from '../net/places.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Settings } from '../options/index.ts';
import { ExitHandlers } from '../process/exit-handlers.ts';
import { handleExit, heldEvents } from '../process/exit.ts';
import type { ProcessEnd } from '../process/exit.ts';
import { writeToStderr } from '../process/stderr.ts';
import { toErrorInfo, toPlainError } from '../protocol/error-info.ts';
import type { RolloutResult } from '../status.ts';
import { serviceManager } from '../systemd/service-manager.ts';
import type { ClusteredPrimary, Closed } from './clustered-primary.ts';
import { warnOfContainer } from './container/container-log.ts';
import { controlTargetOf } from './control-target.ts';
import { warnOfGracePeriod } from './grace-period.ts';
import { createLog } from './log/logger.ts';
import type { PrimaryLog } from './log/logger.ts';
import { Primary } from './primary.ts';
import { PROBES_ANSWERED, answerProbes } from './probes.ts';
import { PinnedReleases } from './releases/pinned-releases.ts';
import { locate, pathsOf } from './releases/release.ts';
import { logResources } from './resources/resources-log.ts';
import type { Resources } from './resources/resources.ts';
import { HANDLERS_HELD } from './processes/held-log.ts';
import { SystemdObserver } from './observers/systemd.ts';
import { handleSignals } from './signals.ts';
import { endWithoutPrinting, printAgain } from './uncaught-boot.ts';
import { warnOfVariables } from './variables-log.ts';
import { possibleBalance } from './sockets/balance-log.ts';
import { EmptySlots } from './sockets/empty-slots.ts';
import { holdSockets } from './sockets/held-sockets.ts';
import type { HeldSockets } from './sockets/held-sockets.ts';

/**
 * Settles when as many workers are ready as the option `workers` says; or, if some cannot get ready while others serve, when each
 * of those has failed `respawn.maxEarlyExits` times in a row.
 * @throws FST_CLUSTERED_LISTEN_FAILED, FST_CLUSTERED_NO_ENTRY, FST_CLUSTERED_RELEASE_NOT_FOUND: before any fork
 * @throws FST_CLUSTERED_BOOT_FAILED: a worker failed before any was ready; all are stopped
 */
export async function startPrimary(settings: Settings, resources: Resources): Promise<ClusteredPrimary> {
  printAgain();
  const { workers, listen } = settings;
  const handlers = new ExitHandlers(settings.exitHandlers, heldEvents());
  const releases = new PinnedReleases(locate(settings), settings);
  const log = await createLog(settings.logger);
  const { places, unused } = placesOf(listen, takeHandedOver());
  if (unused !== null) log.warn({ ...unused }, 'descriptors unused');
  const balance = possibleBalance(settings.balance, log);
  const sockets = await holdSockets(
    places,
    (endpoints, timeoutMs) => logInUse(log, endpoints, timeoutMs),
    balance,
  );
  const control = await openControl(settings, sockets);
  const primary = new Primary({ settings: { ...settings, balance }, log, resources, sockets, releases });
  primary.observe(new EmptySlots(sockets, () => primary.status()));
  const probes = await answerProbes(primary, settings).catch((error: unknown) => {
    sockets.release();
    control?.close();
    throw error;
  });
  const ready = Promise.race([whenReady(primary), rejectWhenClosed(primary)]);
  const systemd = observeSystemd(primary, log, settings);
  const exit = tieToProcess(primary, handlers, log, settings, {
    lastAnswers: () => controlEnded,
    restarted: (result) => systemd?.restarted(result),
  });
  const controlEnded =
    control &&
    serveControl(
      control,
      controlTargetOf(primary, log, () => exit.end()),
    );
  // Only now: who reads it may send a signal.
  log.info(
    { addresses: sockets.endpoints.map(addressOf), workers, balance, ...pathsOf(releases.first) },
    'sockets bound',
  );
  const { resources: found } = primary.status();
  if (found !== null) logResources(log, found, workers);
  if (probes !== null) log.info({ address: probes.address }, PROBES_ANSWERED);
  warnOfVariables(log);
  warnOfGracePeriod(log, settings.policy);
  warnOfContainer(log, sockets.endpoints, primary);
  primary.start();
  try {
    await ready;
    probes?.markStarted();
  } catch (error) {
    if (error instanceof BootFailedError) leaveToTheLog(error, settings);
    throw error;
  }
  systemd?.ready();
  handlers.tell((held) => log.warn({ handlers: held }, HANDLERS_HELD));
  return primary;
}

/** Null: there is to be none. @throws FST_CLUSTERED_LISTEN_FAILED */
async function openControl({ control }: Settings, sockets: HeldSockets): Promise<Server | null> {
  if (control.path === null) return null;
  try {
    return await openControlSocket(control.path);
  } catch (error) {
    sockets.release();
    throw error;
  }
}

function logInUse(log: PrimaryLog, endpoints: readonly Endpoint[], timeoutMs: number): void {
  const isPath = endpoints.some(({ type }) => type === 'unix');
  log.warn(
    { addresses: endpoints.map(addressOf), timeoutMs, explanation: inUse(isPath ? 'socket' : 'port') },
    isPath ? 'socket in use, waiting' : 'port in use, waiting',
  );
}

function inUse(what: string): string {
  return `the workers of a primary that was killed hold the ${what} until they have finished; any other process may hold it for longer`;
}

/** The log, or without a logger stderr, has told the error of the worker: once is enough. */
function leaveToTheLog(error: Error, { logger }: Settings): void {
  const where = logger === false ? 'see above' : 'its log says why';
  endWithoutPrinting(error, `the service did not start, FST_CLUSTERED_BOOT_FAILED: ${where}`);
}

/**
 * Some slots may never be filled, as where each worker but the first finds a port in use. The fleet serves on with the others, and
 * whoever waits for it must not wait for ever.
 */
function whenReady(primary: ClusteredPrimary): Promise<void> {
  const { events } = primary;
  const atSlowestPace = new Set<number>();
  return new Promise((resolve) => {
    const onDelayed = ({ slot, slowest }: { readonly slot: number; readonly slowest: boolean }): void => {
      if (!slowest) return;
      atSlowestPace.add(slot);
      // Each slot fails again and again, so this looks again, too.
      const { size, workers } = primary.status();
      const ready = new Set(workers.flatMap((worker) => (worker.state === 'ready' ? [worker.slot] : [])));
      const slots = Array.from({ length: size }, (_, index) => index);
      if (ready.size > 0 && slots.every((each) => ready.has(each) || atSlowestPace.has(each))) onReady();
    };
    const onReady = (): void => {
      events.off('respawn-delayed', onDelayed);
      events.off('fleet-ready', onReady);
      resolve();
    };
    events.on('respawn-delayed', onDelayed);
    events.on('fleet-ready', onReady);
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

/** Null: systemd does not want to be told. */
function observeSystemd(primary: Primary, log: PrimaryLog, { policy }: Settings): SystemdObserver | null {
  const notifier = serviceManager((error) =>
    log.warn({ err: toPlainError(error), explanation: NOT_NOTIFIED }, 'systemd not notified'),
  );
  if (notifier === null) return null;
  const observer = new SystemdObserver({ notifier, policy, status: () => primary.status() });
  primary.observe(observer);
  return observer;
}

const NOT_NOTIFIED =
  'systemd is told by its program systemd-notify, which could not be run or failed: a unit of Type=notify does not become active, and one with WatchdogSec= is restarted';

/** What else hangs on the process. */
interface Tied {
  /** Settles when nobody waits for an answer any more. Null: nobody can ask. */
  lastAnswers(): Promise<void> | null;
  /** A restart that was asked for by a signal has ended. */
  restarted(result: RolloutResult): void;
}

const UNCAUGHT = 'uncaught error in the primary';

function tieToProcess(
  primary: Primary,
  handlers: ExitHandlers,
  log: PrimaryLog,
  { logger, policy }: Settings,
  { lastAnswers, restarted }: Tied,
): ProcessEnd {
  const logUncaught = (error: unknown): void => {
    log.error({ err: toPlainError(error) }, UNCAUGHT);
    if (logger === false) writeToStderr(UNCAUGHT, toErrorInfo(error));
  };
  const uninstall = handleSignals(handlers, {
    restart: () => void primary.restart().then(restarted),
    step: (by) => primary.stepSize(by),
  });
  const exit = handleExit({
    handlers,
    closeMs: policy.closeMs,
    async stop(cause) {
      const closed = primary.close();
      if (cause.type === 'error') logUncaught(cause.error);
      if (cause.type === 'signal') log.info({ signal: cause.signal }, 'signal received');
      const error = errorOf(await closed);
      await lastAnswers();
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
  return exit;
}
