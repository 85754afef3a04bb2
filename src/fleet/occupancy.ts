// Who fills which slot, and how many workers there are of each kind. Made once a turn and kept in line with every change,
// so that no rule has to look at all workers for each slot, or for each worker.
import { isReady, isActive } from './worker.ts';
import type { Active, Worker } from './worker.ts';

export interface Occupancy {
  /** The workers of each slot that stay, in the order of their forks. Slots that were scaled away may still have some. */
  readonly bySlot: readonly (readonly Active[])[];
  /** How many of the slots that are wanted have any. */
  readonly occupied: number;
  readonly staying: number;
  readonly ready: number;
  /** Of those that are ready: by what is known in this turn. */
  readonly proven: number;
  /** By the id of the generation. */
  readonly ofGeneration: ReadonlyMap<number, Share>;
}

/** Of one generation. */
export interface Share {
  readonly staying: number;
  readonly booting: number;
}

const NONE: Share = { staying: 0, booting: 0 };

/** What is asked of a worker, as the fleet sees it in this turn. */
export type Test = (worker: Worker) => boolean;

const NO_WORKERS: readonly Active[] = [];

/** `workers` are in the order of their forks, `size` is how many slots are wanted. */
export function survey(workers: readonly Worker[], size: number, isAvailable: Test): Occupancy {
  const bySlot = Array.from({ length: size }, () => NO_WORKERS);
  const ofGeneration = new Map<number, Share>();
  let [staying, ready, proven] = [0, 0, 0];
  for (const worker of workers) {
    if (!isActive(worker)) continue;
    // Of a slot that was scaled away.
    while (bySlot.length <= worker.slot) bySlot.push(NO_WORKERS);
    bySlot[worker.slot] = [...(bySlot[worker.slot] ?? NO_WORKERS), worker];
    const share = ofGeneration.get(worker.generation) ?? NONE;
    ofGeneration.set(worker.generation, {
      staying: share.staying + 1,
      booting: share.booting + Number(!isReady(worker)),
    });
    staying += 1;
    if (isReady(worker)) ready += 1;
    if (isAvailable(worker)) proven += 1;
  }
  const occupied = bySlot.reduce((count, { length }, slot) => count + Number(length > 0 && slot < size), 0);
  return { bySlot, occupied, staying, ready, proven, ofGeneration };
}

/** A worker has come, changed, or gone. */
export type Exchange =
  { readonly was: null; readonly is: Worker } | { readonly was: Worker; readonly is: Worker | null };

/** What is copied for it, an array of a pointer a slot, takes less than a microsecond for a thousand of them. */
export function exchanged(
  occupancy: Occupancy,
  exchange: Exchange,
  size: number,
  isAvailable: Test,
): Occupancy {
  const { was, is } = exchange;
  const staying = [was, is].filter((worker) => worker !== null).find(isActive);
  // A worker on its way out fills no slot.
  if (staying === undefined) return occupancy;
  const { slot, generation } = staying;
  const more = (test: Test): number => Number(is !== null && test(is)) - Number(was !== null && test(was));
  const before = inSlot(occupancy, slot);
  const after = before.filter(({ id }) => id !== staying.id);
  if (is !== null && isActive(is)) after.push(is);
  const filled = slot < size ? Number(after.length > 0) - Number(before.length > 0) : 0;
  const ofGeneration = new Map(occupancy.ofGeneration);
  const share = shareOf(occupancy, generation);
  ofGeneration.set(generation, {
    staying: share.staying + more(isActive),
    booting: share.booting + more(isActive) - more(isReady),
  });
  return {
    bySlot: occupancy.bySlot.with(
      slot,
      after.toSorted((a, b) => a.id - b.id),
    ),
    occupied: occupancy.occupied + filled,
    staying: occupancy.staying + more(isActive),
    ready: occupancy.ready + more(isReady),
    proven: occupancy.proven + more(isAvailable),
    ofGeneration,
  };
}

export function shareOf({ ofGeneration }: Occupancy, generation: number): Share {
  return ofGeneration.get(generation) ?? NONE;
}

/** The workers of a slot that stay. */
export function inSlot({ bySlot }: Occupancy, slot: number): readonly Active[] {
  return bySlot[slot] ?? NO_WORKERS;
}
