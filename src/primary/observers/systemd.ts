// Tells systemd how the fleet is: ready, in a rollout, stopping; its state in words; and how long it may still take.
import type { Announcement } from '../../fleet/command.ts';
import type { Policy } from '../../fleet/policy.ts';
import type { FleetStatus, RolloutResult } from '../../status.ts';
import type { Notifier, Variables } from '../../systemd/notifier.ts';
import { microseconds, monotonicMicroseconds } from '../../systemd/service-manager.ts';
import { oneLine, statusText } from '../../systemd/status-text.ts';
import type { Observer } from './observer.ts';

/** Words without a change of the state are sent so often at most, in ms: a fleet in trouble has many of them. */
const WORDS_MS = 1_000;

/** On top of our own times, in ms: on a busy machine everything takes longer. */
const MARGIN_MS = 5_000;

type State = 'starting' | 'ready' | 'reloading' | 'stopping';

export interface Systemd {
  readonly notifier: Pick<Notifier, 'tell'>;
  readonly policy: Policy;
  status(): FleetStatus;
}

export class SystemdObserver implements Observer {
  readonly #systemd: Systemd;
  #state: State = 'starting';
  /** Set: words were told just now. */
  #timer: NodeJS.Timeout | undefined;
  /** Since then they have changed. */
  #isStale = false;

  constructor(systemd: Systemd) {
    this.#systemd = systemd;
  }

  /** The service has started: what startClustered resolves at. */
  ready(): void {
    if (this.#state === 'starting') this.#enter('ready', { READY: '1' });
  }

  /**
   * A restart by a signal that did not become a rollout. With Type=notify-reload the signal came from systemd, which waits
   * until it was told of the begin and of the end of a reload.
   */
  restarted(result: RolloutResult): void {
    if (result.outcome !== 'aborted' || result.generation !== null) return;
    const before = this.#state;
    if (before !== 'ready' && before !== 'reloading') return;
    this.#enter('reloading', RELOADING());
    // Another rollout that is under way ends by itself.
    if (before === 'ready') this.#enter('ready', { READY: '1' });
  }

  hear(announcement: Announcement): void {
    switch (announcement.type) {
      case 'rollout-started':
        if (this.#state === 'ready' || this.#state === 'reloading')
          return this.#enter('reloading', RELOADING());
        return this.#later();
      case 'rollout-completed':
      case 'rollout-aborted':
        if (this.#state === 'reloading') return this.#enter('ready', { READY: '1' });
        return this.#later();
      case 'fleet-leaving': {
        const { delayMs } = announcement;
        return this.#enter('stopping', {
          STOPPING: '1',
          ...extension(delayMs + stopMs(this.#systemd.policy)),
        });
      }
      case 'fleet-stopping': {
        const { reason, error } = announcement.ending;
        const why =
          reason === 'requested' ? {} : { STATUS: `${reason}${error ? `: ${oneLine(error.message)}` : ''}` };
        return this.#enter('stopping', { STOPPING: '1', ...extension(stopMs(this.#systemd.policy)), ...why });
      }
      default:
        return this.#later();
    }
  }

  #enter(state: State, variables: Variables): void {
    this.#state = state;
    this.#tell(variables);
  }

  /** The words alone have changed. */
  #later(): void {
    // Those of the end stay: they say why.
    if (this.#state === 'stopping') return;
    if (this.#timer === undefined) return this.#tell({});
    this.#isStale = true;
  }

  #tell(variables: Variables): void {
    clearTimeout(this.#timer);
    this.#isStale = false;
    this.#systemd.notifier.tell({
      STATUS: statusText(this.#systemd.status()),
      ...this.#extension(),
      ...variables,
    });
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isStale) this.#later();
    }, WORDS_MS);
    this.#timer.unref();
  }

  /** A worker that boots, or is to be waited for in a rollout, may take as long as the options say. */
  #extension(): Variables {
    const { boot, rollout, closeMs } = this.#systemd.policy;
    switch (this.#state) {
      case 'starting':
        return extension(boot.timeoutMs);
      case 'reloading':
        return extension(boot.timeoutMs + rollout.minReadyMs + rollout.graceMs + closeMs);
      case 'ready':
      case 'stopping':
        return {};
    }
  }
}

/** The grace, app.close(), the exit after SIGKILL, and the exit handlers of others. */
function stopMs({ shutdown, closeMs }: Policy): number {
  return shutdown.graceMs + 3 * closeMs;
}

/** TimeoutStartSec= and TimeoutStopSec= must not end what is within our own times. It never shortens what they allow. */
function extension(ms: number): Variables {
  return { EXTEND_TIMEOUT_USEC: microseconds(ms + MARGIN_MS) };
}

/** Type=notify-reload needs the time, so that a message from before its signal is not taken for the answer. */
const RELOADING = (): Variables => ({ RELOADING: '1', MONOTONIC_USEC: monotonicMicroseconds() });
