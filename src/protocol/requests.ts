// What a worker can request of the primary, and what the response to each request holds.
import type { ErrorInfo } from '../fleet/event.ts';
import type { FleetStatus, RolloutOutcome } from '../status.ts';
import { keyOf } from './declare.ts';

export interface Responses {
  readonly status: FleetStatus;
  /** Comes when the rollout has ended. */
  readonly restart: RolloutOutcome<ErrorInfo>;
}

export type RequestName = keyof Responses;

export const requestName = keyOf<RequestName>({ status: true, restart: true });
