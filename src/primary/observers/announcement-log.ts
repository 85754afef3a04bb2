// Writes one structured log line for each announcement. The messages are public: people search and alert on them.
import type { Announcement } from '../../fleet/command.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import { explainExit } from '../processes/exit-cause.ts';
import { detailsOf } from './details.ts';
import type { PidOf } from './details.ts';
import type { Observer } from './observer.ts';

export class AnnouncementLog implements Observer {
  readonly #log: PrimaryLogger;
  readonly #pidOf: PidOf;

  constructor(log: PrimaryLogger, pidOf: PidOf) {
    this.#log = log;
    this.#pidOf = pidOf;
  }

  hear(announcement: Announcement): void {
    const [level, message] = lineOf(announcement);
    const { error, explanation, ...facts } = detailsOf(announcement, this.#pidOf);
    // `err` is the name under which pino, and what reads its lines, knows an error.
    const optional = { ...(explanation ? { explanation } : {}), ...(error ? { err: error } : {}) };
    this.#log[level]({ ...facts, ...optional }, message);
  }
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/** An error is what needs to be explained or repaired, such as an exit that was not requested. */
function lineOf(announcement: Announcement): readonly [Level, string] {
  switch (announcement.type) {
    case 'worker-forked':
      return ['debug', 'worker forked'];
    case 'worker-ready':
      return ['info', 'worker ready'];
    case 'worker-draining':
      return ['info', 'worker draining'];
    case 'worker-killed':
      return ['error', 'worker killed'];
    case 'worker-failing':
      return ['error', 'worker failing'];
    case 'worker-disconnected':
      return ['error', 'worker disconnected'];
    case 'worker-exited':
      if (!announcement.expected) return ['error', 'worker crashed'];
      return [explainExit(announcement) === null ? 'info' : 'error', 'worker exited'];
    case 'fork-failed':
      return ['error', 'fork failed'];
    // Of interest only where the app has a job for the leader, so these two are not among the lines that everybody reads.
    case 'leader-elected':
      return ['debug', 'leader elected'];
    case 'leader-stepped-down':
      return ['debug', 'leader stepped down'];
    case 'respawn-delayed':
      return announcement.slowest ? ['error', 'respawn at the slowest pace'] : ['warn', 'respawn delayed'];
    case 'fleet-ready':
      return ['info', 'all workers ready'];
    case 'size-changed':
      return ['info', 'size changed'];
    case 'rollout-started':
      return ['info', 'rollout started'];
    case 'rollout-completed':
      return ['info', 'rollout completed'];
    case 'rollout-aborted':
      return ['error', 'rollout aborted'];
    case 'rollout-superseded':
      return ['warn', 'rollout superseded'];
    case 'fleet-leaving':
      return ['info', 'about to stop'];
    case 'fleet-stopping':
      return [announcement.ending.exitCode === 0 ? 'info' : 'error', 'stopping'];
  }
}
