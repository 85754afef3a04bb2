// What happens in the fleet, as a person who waits for a rollout or a shutdown reads it.

type Details = Readonly<Record<string, unknown>>;

/** Null: nothing that such a person has to know. */
export function lineOf(event: string, details: Details): string | null {
  switch (event) {
    case 'rollout-started': {
      const { id, entry } = fields(details['to']);
      return `rollout of generation ${shown(id)} started: ${shown(entry)}`;
    }
    case 'worker-ready':
      return `${worker(details)} ready`;
    case 'worker-draining':
      return `${worker(details)} draining`;
    case 'worker-exited':
      return `${worker(details)} ${details['expected'] === true ? 'exited' : 'crashed'}${because(details)}`;
    case 'worker-failing':
      return `${worker(details)} failing: ${message(details['error'])}`;
    case 'worker-killed':
      return `${worker(details)} killed: ${shown(details['cause'])}`;
    case 'worker-disconnected':
      return `${worker(details)} disconnected`;
    case 'fork-failed':
      return `fork failed: ${message(details['error'])}`;
    case 'connections-cut':
      return `${worker(details)} cut ${shown(details['requests'])} requests and ${shown(details['upgraded'])} upgraded connections`;
    case 'respawn-delayed':
      return `slot ${shown(details['slot'])} is respawned in ${shown(details['delayMs'])} ms`;
    case 'fleet-leaving':
      return `about to stop, in ${shown(details['delayMs'])} ms`;
    case 'fleet-stopping':
      return 'stopping';
    default:
      // The outcome follows by itself.
      return null;
  }
}

/** An error of a worker: as Node would have printed it. */
export function printed(error: unknown): string {
  const { stack, message: text } = fields(error);
  return typeof stack === 'string' ? stack : shown(text);
}

export function worker(details: Details): string {
  const { slot, generation, pid } = fields(details['worker']);
  return `worker ${shown(slot)} of generation ${shown(generation)} (pid ${shown(pid)})`;
}

function because({ explanation }: Details): string {
  return typeof explanation === 'string' ? `: ${explanation}` : '';
}

function message(error: unknown): string {
  return shown(fields(error)['message']);
}

export function fields(value: unknown): Details {
  return Object(value);
}

export function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '?');
}
