// What the control socket controls: the fleet, or a process that serves alone.
import type { ControlResults } from '../protocol/control.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';

/** Hears what happens in the fleet. */
export type EventListener = (event: string, details: object) => void;

export interface ControlTarget {
  status(): FleetStatus | Promise<FleetStatus>;
  /** @throws FST_CLUSTERED_SINGLE */
  restart(): Promise<RolloutResult>;
  /** @throws FST_CLUSTERED_SINGLE, FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_STOPPED */
  scale(size: unknown): ControlResults['scale'];
  /** Ends the process gracefully, as SIGTERM does. */
  stop(): void;
  /** Settles when everything has ended, and the process may exit. Never rejects. */
  readonly stopped: Promise<ControlResults['stop']>;
  /** Called once. */
  follow(listener: EventListener): void;
  /** A command came, and is about to be carried out. Status, which changes nothing, is not told. */
  told(command: 'restart' | 'scale' | 'stop'): void;
}
