// The public face. Re-exports only.
export { startClustered } from './start-clustered.ts';
export type { Clustered } from './start-clustered.ts';
export { clustered, clustered as default } from './plugin.ts';
export type { ClusteredPluginOptions, HealthRoutes } from './plugin.ts';
export type {
  BackoffOptions,
  BootOptions,
  ClusteredLogger,
  ClusteredOptions,
  ControlOptions,
  EnvironmentOf,
  EnvironmentVariables,
  HealthOptions,
  ListenOptions,
  RespawnOptions,
  RolloutOptions,
  ShutdownOptions,
  WatchdogOptions,
} from './options/index.ts';
export type { Address, DescriptorAddress, TcpAddress, UnixAddress } from './net/endpoint.ts';
export type { Closed, ClusteredPrimary } from './primary/clustered-primary.ts';
export type { ClusteredEvents } from './primary/observers/details.ts';
export type { BuildApp, ServableApp } from './app/app.ts';
export type { ClusteredSingle } from './single/start.ts';
export type { ClusteredWorker } from './worker/start.ts';
export type { BroadcastListener } from './app/broadcasts.ts';
export type { DrainHook, WorkerContext, WorkerState } from './app/context.ts';
export type { LeaderHook } from './app/leadership.ts';
export type {
  FleetStatus,
  FoundResource,
  ResourcesStatus,
  RolloutOutcome,
  RolloutResult,
  WorkerName,
  WorkerStatus,
} from './status.ts';
