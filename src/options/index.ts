// Puts the sections together: the options that users pass, and the settings that the package works with. The only validator.
import process from 'node:process';
import type { Policy } from '../fleet/policy.ts';
import { checkBalance } from './balance.ts';
import type { BalanceOptions } from './balance.ts';
import { checkBoot } from './boot.ts';
import type { BootOptions } from './boot.ts';
import { group, invalid, ROOT } from './checks.ts';
import type { Capacity, ChecksOf, Runtime } from './checks.ts';
import { checkControl } from './control.ts';
import type { ControlOptions } from './control.ts';
import { checkCloseMs } from './drain.ts';
import type { DrainOptions } from './drain.ts';
import { checkEnv, checkExecArgv } from './environment.ts';
import type { EnvironmentOptions } from './environment.ts';
import { checkExitHandlers } from './exit-handlers.ts';
import type { ExitHandlerOptions } from './exit-handlers.ts';
import { checkHealth } from './health.ts';
import type { HealthOptions } from './health.ts';
import { checkHeapShare } from './heap.ts';
import type { HeapOptions } from './heap.ts';
import { checkListen, listenSettings } from './listen.ts';
import type { ListenOptions, ListenSettings } from './listen.ts';
import { checkLogger } from './logger.ts';
import type { LogOptions } from './logger.ts';
import { checkCwd, checkEntry } from './release.ts';
import type { ReleaseOptions } from './release.ts';
import { checkRespawn } from './respawn.ts';
import type { RespawnOptions } from './respawn.ts';
import { checkRollout, defaultMaxDraining } from './rollout.ts';
import type { RolloutOptions } from './rollout.ts';
import { checkShed } from './shed.ts';
import type { ShedOptions } from './shed.ts';
import { checkShutdown } from './shutdown.ts';
import type { ShutdownOptions } from './shutdown.ts';
import { checkTls } from './tls.ts';
import type { TlsOptions } from './tls.ts';
import { refuseUnknown } from './unknown.ts';
import { variablesUnknown } from './variables.ts';
import type { UnknownVariable, Variables } from './variables.ts';
import { checkWatchdog } from './watchdog.ts';
import type { WatchdogOptions } from './watchdog.ts';
import { checkWorkers, MAX_WORKERS } from './workers.ts';
import type { WorkersOptions } from './workers.ts';

export type { Balance } from './balance.ts';
export type { Capacity } from './checks.ts';
export { validateSize } from './workers.ts';
export { variablesOf } from './environment.ts';
export type { EnvironmentOf, EnvironmentVariables } from './environment.ts';
export type { BackoffOptions, RespawnOptions } from './respawn.ts';
export type { BootOptions } from './boot.ts';
export type { ControlOptions } from './control.ts';
export type { ClusteredLogger } from './logger.ts';
export type { HealthOptions } from './health.ts';
export type { ListenOptions, DescriptorPlace, ListenSettings, Place, UnixPlace } from './listen.ts';
export type { RolloutOptions } from './rollout.ts';
export type { ShutdownOptions } from './shutdown.ts';
export type { TlsOptions } from './tls.ts';
export type { WatchdogOptions } from './watchdog.ts';

/**
 * What startClustered takes. All times are in milliseconds.
 * @throws FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_OPTION_UNKNOWN: the first option that is wrong.
 */
export interface ClusteredOptions
  extends
    WorkersOptions,
    BalanceOptions,
    DrainOptions,
    ExitHandlerOptions,
    ReleaseOptions,
    EnvironmentOptions,
    HeapOptions,
    LogOptions,
    ShedOptions {
  /** Where the service listens: at one endpoint, or at several. */
  listen?: ListenOptions | readonly ListenOptions[] | undefined;
  /** How workers boot. */
  boot?: BootOptions | undefined;
  /** How soon a worker that failed is replaced, and when the primary gives up. */
  respawn?: RespawnOptions | undefined;
  /** The rolling restart. `maxSurge` and `maxUnavailable` mean what they mean in a Kubernetes Deployment. */
  rollout?: RolloutOptions | undefined;
  /** How the whole service stops. */
  shutdown?: ShutdownOptions | undefined;
  /** When a worker counts as hung. `false`: never. */
  watchdog?: WatchdogOptions | false | undefined;
  /**
   * Where probes are answered, of what keeps the service alive and of what sends it traffic: by the primary, on a port of their own.
   * `false`: nowhere.
   * @default false
   */
  health?: HealthOptions | false | undefined;
  /** The control socket, over which `fastify-clustered restart` and the like reach the service. */
  control?: ControlOptions | undefined;
  /** TLS, where the app serves HTTPS. */
  tls?: TlsOptions | undefined;
}

const OPTIONS = {
  workers: checkWorkers,
  listen: checkListen,
  balance: checkBalance,
  shed: checkShed,
  boot: checkBoot,
  respawn: checkRespawn,
  rollout: checkRollout,
  shutdown: checkShutdown,
  closeMs: checkCloseMs,
  exitHandlers: checkExitHandlers,
  watchdog: checkWatchdog,
  health: checkHealth,
  control: checkControl,
  tls: checkTls,
  entry: checkEntry,
  cwd: checkCwd,
  env: checkEnv,
  execArgv: checkExecArgv,
  heapShare: checkHeapShare,
  logger: checkLogger,
} satisfies ChecksOf<ClusteredOptions>;

const checkOptions = group(OPTIONS);

type CompleteOptions = ReturnType<typeof checkOptions>;

/** The options once validated: what the fleet decides by is its policy. */
export interface Settings extends Omit<CompleteOptions, keyof Policy | 'listen'> {
  readonly listen: ListenSettings;
  readonly policy: Policy;
}

/** The options with every default filled in, in the order in which they are documented. */
export function complete(options: ClusteredOptions, runtime: Runtime): CompleteOptions {
  refuseUnknown(options, OPTIONS);
  return checkOptions(options, ROOT, runtime);
}

/** Variables that look like those of options, but belong to none. */
export function unknownVariables(env: Variables): readonly UnknownVariable[] {
  return variablesUnknown(env, OPTIONS);
}

/** @throws FST_CLUSTERED_OPTION_INVALID: it is no function */
export function validateBuildApp(buildApp: unknown): void {
  if (typeof buildApp === 'function') return;
  throw invalid('buildApp', buildApp, 'a function that returns a Fastify instance, or a promise of one');
}

/** @throws FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_OPTION_UNKNOWN: the first option that is wrong. */
export function validate(options: ClusteredOptions, runtime: Runtime): Settings {
  const { listen, shed, boot, respawn, rollout, shutdown, closeMs, watchdog, ...rest } = complete(
    options,
    runtime,
  );
  return {
    ...rest,
    listen: listenSettings(options.listen, listen, runtime),
    policy: {
      maxWorkers: MAX_WORKERS,
      boot,
      respawn,
      rollout: { ...rollout, maxDraining: rollout.maxDraining ?? defaultMaxDraining(runtime) },
      shutdown,
      closeMs,
      watchdog,
      shed,
    },
  };
}

export function currentRuntime(capacity: Capacity): Runtime {
  return { env: process.env, execArgv: process.execArgv, capacity };
}
