// Answers probes in a process that serves alone. While its event loop is blocked they wait, as its requests do.
import { openProbes } from '../health/server.ts';
import type { ProbeServer } from '../health/server.ts';
import type { Settings } from '../options/index.ts';
import type { Single } from './context.ts';

/** Null: the options want none. @throws FST_CLUSTERED_LISTEN_FAILED */
export async function answerProbes(single: Single, health: Settings['health']): Promise<ProbeServer | null> {
  if (health === false) return null;
  const answer = (): ReturnType<Parameters<typeof openProbes>[1]> => {
    const status = single.status();
    return { status, isStarted: status.phase !== 'starting' };
  };
  // What asks itself is not silent.
  return openProbes(health, answer, { blockedMs: Infinity, deadMs: Infinity });
}
