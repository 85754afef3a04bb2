// The state of the fleet in one line, for `systemctl status`.
import type { FleetStatus } from '../status.ts';
import { cut } from '../show.ts';

/** In characters. */
const MAX_MESSAGE = 200;

export function statusText(status: FleetStatus): string {
  const { phase, size, stable, target, rolling, mixed, workers } = status;
  // In a surge a slot has two.
  const ready = new Set(
    workers.flatMap(({ slot, state }) => (state === 'ready' && slot < size ? [slot] : [])),
  ).size;
  const count = `${ready} of ${size} workers ready`;
  switch (phase) {
    case 'starting':
      return `starting: ${count}`;
    case 'running': {
      if (rolling)
        return `${count}, rolling out generation ${target.id}: ${replaced(status)} of ${size} replaced`;
      const generations = mixed ? 'generations mixed' : `generation ${stable.id}`;
      return `${count}, ${generations}${lastRollout(status)}`;
    }
    case 'leaving':
      return `about to stop: ${count}`;
    case 'stopping':
    case 'stopped':
      return `stopping: ${workers.length} workers left`;
  }
}

function replaced({ workers, target, size }: FleetStatus): number {
  const slots = workers.flatMap(({ slot, state, generation }) =>
    state === 'ready' && generation === target.id && slot < size ? [slot] : [],
  );
  return new Set(slots).size;
}

/** Only of one that failed. */
function lastRollout({ lastRollout: last }: FleetStatus): string {
  if (last?.outcome !== 'aborted') return '';
  const what =
    last.generation === null ? 'rollout not started' : `rollout of generation ${last.generation} aborted`;
  return `; ${what}: ${last.reason}${last.error === null ? '' : `: ${oneLine(last.error.message)}`}`;
}

/** A line end would begin another variable. */
export function oneLine(text: string): string {
  return cut(text.replaceAll(/\s+/g, ' ').trim(), MAX_MESSAGE);
}
