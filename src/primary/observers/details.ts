// The details of an announcement, as log and events carry them: the worker with its pid, the error as an Error.
import type { Announcement } from '../../fleet/command.ts';
import type { Ending } from '../../fleet/fleet.ts';
import type { Worker } from '../../fleet/worker.ts';
import { fromErrorInfo } from '../../protocol/error-info.ts';
import type { WorkerName } from '../../status.ts';
import { explainExit } from '../processes/exit-cause.ts';

/** The events of the primary by name, with the details that their listeners get. */
export type ClusteredEvents = { [A in Announcement as A['type']]: [details: Details<A>] };

export type Details<A extends Announcement> = Omit<
  A,
  'type' | 'worker' | 'error' | 'ending' | 'explanation'
> &
  (A extends { worker: unknown } ? { readonly worker: Named<A['worker']> } : unknown) &
  (A extends { type: 'worker-exited' } ? { readonly explanation: string | null } : unknown) &
  (A extends { type: 'worker-disconnected' } ? { readonly explanation: string } : unknown) &
  (A extends { error: unknown } ? { readonly error: AsError<A['error']> } : unknown) &
  (A extends { ending: unknown }
    ? { readonly reason: Ending['reason']; readonly exitCode: 0 | 1; readonly error: Error | null }
    : unknown);

// Both distribute: `Worker | null` becomes `WorkerName | null`.
type Named<W> = W extends null ? null : WorkerName;
type AsError<E> = E extends null ? null : Error;

/** Null: the process could not be made, or is gone. */
export type PidOf = (worker: number) => number | null;

/** {@link Details} of this announcement, not typed by its name. */
export function detailsOf(announcement: Announcement, pidOf: PidOf): Record<string, unknown> {
  const { type, ...exact } = announcement;
  const { worker, error, ending, ...facts } = {
    worker: undefined,
    error: undefined,
    ending: undefined,
    ...exact,
  };
  return {
    ...(worker !== undefined && { worker: worker && nameOf(worker, pidOf) }),
    ...roundNumbers(facts),
    ...(announcement.type === 'worker-exited' && { explanation: explainExit(announcement) }),
    ...(type === 'worker-disconnected' && { explanation: DISCONNECTED }),
    ...(error !== undefined && { error: error && fromErrorInfo(error) }),
    ...(ending && {
      reason: ending.reason,
      exitCode: ending.exitCode,
      error: ending.error && fromErrorInfo(ending.error),
    }),
  };
}

export function nameOf({ id, slot, generation }: Worker, pidOf: PidOf): WorkerName {
  return { slot, generation, pid: pidOf(id) };
}

const DISCONNECTED =
  'something in the app called process.disconnect() or cluster.worker.disconnect(), or closed the descriptor of the IPC ' +
  'channel: remove the call, and replace workers by worker.restart() or SIGTERM; this worker finishes what it has accepted, and exits';

/** The fleet counts in fractions of a millisecond, which are of no use outside. */
function roundNumbers(facts: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'number' ? Math.round(value) : value,
    ]),
  );
}
