// The fleet as the control socket sees it: through the public interface of the primary, and nothing else.
import { StoppedError } from '../errors.ts';
import { validateSize } from '../options/index.ts';
import type { ControlTarget } from '../control/target.ts';
import type { ClusteredPrimary } from './clustered-primary.ts';
import type { PrimaryLog } from './log/logger.ts';
import type { ClusteredEvents } from './observers/details.ts';

/** Which events those hear that wait for a rollout, or for the end. The others are of no interest to a person who waits. */
const FOLLOWED: Readonly<Record<keyof ClusteredEvents, boolean>> = {
  'worker-forked': false,
  'worker-ready': true,
  'worker-draining': true,
  'worker-killed': true,
  'worker-failing': true,
  'worker-disconnected': true,
  'worker-exited': true,
  'connections-cut': true,
  'connections-shed': false,
  'fork-failed': true,
  'leader-elected': false,
  'leader-stepped-down': false,
  'respawn-delayed': true,
  'fleet-ready': true,
  'size-changed': true,
  'rollout-started': true,
  'rollout-completed': true,
  'rollout-aborted': true,
  'rollout-superseded': true,
  'fleet-leaving': true,
  'fleet-stopping': true,
};

/** @param stop ends the process as a signal does */
export function controlTargetOf(primary: ClusteredPrimary, log: PrimaryLog, stop: () => void): ControlTarget {
  return {
    status: () => primary.status(),
    restart: () => primary.restart(),
    scale(value) {
      const to = validateSize(value, 'size');
      const { size: from, phase } = primary.status();
      if (phase !== 'starting' && phase !== 'running') throw new StoppedError('it was scaled');
      primary.scale(to);
      return { from, to };
    },
    stop,
    stopped: primary.closed.then(({ exitCode, reason }) => ({ exitCode, reason })),
    follow(listener) {
      for (const [event, isFollowed] of Object.entries(FOLLOWED)) {
        // It has details, as every event of the primary.
        if (isFollowed)
          primary.events.on(event as keyof ClusteredEvents, (details: object) => listener(event, details));
      }
    },
    told: (command) => log.info({ command }, 'command received'),
  };
}
