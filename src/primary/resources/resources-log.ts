// Logs what was found of CPUs and memory, and what follows from it.
import type { ResourcesStatus } from '../../status.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import { LEAST_MEMORY, workersIn } from './capacity.ts';

const FOUND = 'resources found';

/** `size` is how many workers the service starts with. */
export function logResources(log: PrimaryLogger, resources: ResourcesStatus, size: number): void {
  const room = workersIn(resources.memory?.value);
  if (size <= room) return log.info({ ...resources, workers: size }, FOUND);
  const explanation = `memory is short: it has room for ${Math.max(room, 0)} workers, at ${LEAST_MEMORY / 2 ** 20} MiB each, besides the primary`;
  return log.warn({ ...resources, workers: size, explanation }, FOUND);
}
