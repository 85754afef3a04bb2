// Writes one structured log line for each announcement. The messages are public: people search and alert on them.
import process from 'node:process';
import type { Announcement } from '../../fleet/command.ts';
import { restartSignals } from '../../process/exit.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import { explainExit } from '../processes/exit-cause.ts';
import { FirstErrors } from './first-errors.ts';
import { detailsOf } from './details.ts';
import type { PidOf } from './details.ts';
import type { Observer } from './observer.ts';

export class AnnouncementLog implements Observer {
  readonly #log: PrimaryLogger;
  readonly #pidOf: PidOf;
  readonly #first = new FirstErrors();
  readonly #urls: () => readonly string[];
  #isFirstReady = true;

  constructor(log: PrimaryLogger, pidOf: PidOf, urls: () => readonly string[]) {
    this.#log = log;
    this.#pidOf = pidOf;
    this.#urls = urls;
  }

  hear(announcement: Announcement): void {
    const [level, message] = lineOf(announcement);
    const { error, explanation, ...facts } = detailsOf(announcement, this.#pidOf);
    const isRepeated = this.#first.isRepeated(announcement);
    // `err` is the name under which pino, and what reads its lines, knows an error.
    const optional = {
      ...(explanation ? { explanation } : {}),
      ...(isRepeated ? { explanation: TOLD } : error ? { err: error } : {}),
    };
    this.#log[level]({ ...this.#introduction(announcement), ...facts, ...optional }, message);
  }

  /** The first line about a service that is ready tells a person where it is, and how to roll it. */
  #introduction({ type }: Announcement): object {
    if (type !== 'fleet-ready' || !this.#isFirstReady) return {};
    this.#isFirstReady = false;
    const [signal] = restartSignals();
    // Under nodemon, on a terminal, no signal rolls it.
    return {
      urls: this.#urls(),
      ...(signal && { roll: `kill -${signal.slice('SIG'.length)} ${process.pid}` }),
    };
  }
}

const TOLD = 'the error is the one that a worker has reported above';

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
    case 'connections-cut':
      return ['warn', 'connections cut'];
    case 'connections-shed':
      return ['debug', 'connections shed'];
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
      // One that ends because the service stops is no failure.
      return [announcement.reason === 'stopping' ? 'info' : 'error', 'rollout aborted'];
    case 'rollout-superseded':
      return ['warn', 'rollout superseded'];
    case 'fleet-leaving':
      return ['info', 'about to stop'];
    case 'fleet-stopping':
      return [announcement.ending.exitCode === 0 ? 'info' : 'error', 'stopping'];
  }
}
