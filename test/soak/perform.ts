// Carries out one trouble, and waits until it is over.
import { pruneReleases, troubleReleases } from './release-troubles.ts';
import { breakLog, pausePrimary, resize, restart } from './primary-troubles.ts';
import type { Stage } from './stage.ts';
import type { Trouble } from './trouble.ts';
import { askToEnd, killWorkers, pauseWorker, signalWorker, stopWorker } from './worker-troubles.ts';

/** All but the SIGKILL of the primary, during which no other trouble may run. */
export type Sharing = Exclude<Trouble, { type: 'kill-primary' }>;

export function perform(trouble: Sharing, stage: Stage): Promise<void> {
  switch (trouble.type) {
    case 'kill-workers':
      return killWorkers(stage, trouble);
    case 'segfault':
      return signalWorker(stage, trouble.victim, 'SIGSEGV');
    case 'recycle':
      return signalWorker(stage, trouble.victim, 'SIGTERM');
    case 'pause-worker':
      return pauseWorker(stage, trouble);
    case 'stop-worker':
      return stopWorker(stage, trouble.victim);
    case 'ask-to-end':
      return askToEnd(stage, trouble.how);
    case 'exhaust-memory':
      return askToEnd(stage, 'out-of-memory');
    case 'restart':
      return restart(stage, trouble);
    case 'deploy':
    case 'deploy-broken':
      return troubleReleases(stage, trouble);
    case 'resize':
      return resize(stage, trouble.by);
    case 'pause-primary':
      return pausePrimary(stage, trouble.ms);
    case 'break-log':
      return breakLog(stage, trouble.ms);
    case 'prune-releases':
      return pruneReleases(stage);
  }
}

/** Two troubles with the same turn would spoil each other, so the second waits for the first. */
export function turnOf({ type }: Sharing): 'releases' | 'primary' | 'log' | null {
  switch (type) {
    case 'deploy':
    case 'deploy-broken':
    case 'prune-releases':
      return 'releases';
    case 'break-log':
      return 'log';
    // SIGCONT discards a SIGTTIN or SIGTTOU that came in the pause (POSIX, signal generation and delivery).
    case 'pause-primary':
    case 'resize':
      return 'primary';
    case 'kill-workers':
    case 'segfault':
    case 'recycle':
    case 'pause-worker':
    case 'stop-worker':
    case 'ask-to-end':
    case 'exhaust-memory':
    case 'restart':
      return null;
  }
}
