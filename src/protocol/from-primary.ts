// The messages that the primary sends to a worker.
import type { DrainCause } from '../fleet/worker.ts';
import { anything, boolean, keyOf, number, parserOf } from './declare.ts';
import type { MessageOf } from './declare.ts';

const drainCause = keyOf<DrainCause>({
  rollout: true,
  recycle: true,
  scale: true,
  cancelled: true,
  failing: true,
  shutdown: true,
});

const MESSAGES = {
  /** Follows `hello`: the worker may accept connections. Until then the primary may kill it, and no request is lost. */
  acknowledged: {},
  /** The whole service is about to stop: the worker still serves, but its readiness is false. */
  leave: {},
  /** `final`: no worker accepts connections after this one. */
  drain: { cause: drainCause, final: boolean, idleMs: number, graceMs: number, closeMs: number },
  /** To the `request` with the same id. */
  response: { id: number, value: anything },
};

export type PrimaryMessage = MessageOf<typeof MESSAGES>;

export const parsePrimaryMessage = parserOf(MESSAGES);
