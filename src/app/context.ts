// The app's view of the process that it runs in, and of the fleet around it.
import type { FleetStatus, RolloutResult } from '../status.ts';

/**
 * `booting`: not serving yet. `ready`: serving. `leaving`: serving, while the whole service is about to stop.
 * `draining`: finishing what it has accepted.
 */
export type WorkerState = 'booting' | 'ready' | 'leaving' | 'draining';

/** What buildApp is called with, and what the plugin decorates the app with, as `app.clustered`. */
export interface WorkerContext {
  /** `single`: one process without a primary (`workers: 0`, tests, plain scripts). */
  readonly role: 'worker' | 'single';
  /** The stable index of this worker, from 0: its successor has the same one. In a single process 0. */
  readonly slot: number;
  /** The id of the release that this worker runs, from 1: each rollout has the next one. In a single process 1. */
  readonly generation: number;
  readonly state: WorkerState;
  /**
   * What a readiness probe should report. False while the worker boots, and from the moment when the whole service is
   * about to stop, so that load balancers send no more requests. It stays true in a worker that drains because a successor
   * has taken over: new connections reach the successor.
   */
  readonly readiness: boolean;
  /** Aborts when the worker begins to drain: the app should then end its long-lived streams. */
  readonly signal: AbortSignal;
  /**
   * Adds a hook that runs when the worker begins to drain; a hook that is added later than that runs at once. The drain
   * waits for its promise, at most for the grace time (`rollout.graceMs`, `shutdown.graceMs`). The app's logger logs what
   * it throws.
   */
  onDrain(hook: DrainHook): void;
  /**
   * The fleet as the primary sees it. In a single process the fleet is this process.
   * @throws FST_CLUSTERED_PRIMARY_GONE: rejects with it if the primary has exited
   */
  status(): Promise<FleetStatus>;
  /**
   * Rolling restart of the whole fleet, this worker included. Resolves when the rollout has ended, also if it was aborted;
   * mostly the worker itself is replaced before that.
   * @throws FST_CLUSTERED_PRIMARY_GONE: rejects with it if the primary has exited
   * @throws FST_CLUSTERED_SINGLE: rejects with it in a single process
   */
  restart(): Promise<RolloutResult>;
}

export type DrainHook = () => void | Promise<void>;

/** Where a context takes from what it does not know itself. */
export interface ContextSource {
  readonly role: 'worker' | 'single';
  readonly slot: number;
  readonly generation: number;
  status(state: WorkerState): Promise<FleetStatus>;
  restart(): Promise<RolloutResult>;
}

/** The {@link WorkerContext} with what changes it. */
export class MutableContext implements WorkerContext {
  readonly role: 'worker' | 'single';
  readonly slot: number;
  readonly generation: number;
  readonly #source: ContextSource;
  readonly #abort = new AbortController();
  readonly #hooks: DrainHook[] = [];
  #state: WorkerState = 'booting';
  #isLeaving = false;
  #onHookError: (error: unknown) => void = () => undefined;

  constructor(source: ContextSource) {
    this.#source = source;
    this.role = source.role;
    this.slot = source.slot;
    this.generation = source.generation;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get readiness(): boolean {
    return this.#state !== 'booting' && !this.#isLeaving;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onDrain(hook: DrainHook): void {
    if (this.#state === 'draining') void this.#run(hook);
    else this.#hooks.push(hook);
  }

  status(): Promise<FleetStatus> {
    return this.#source.status(this.#state);
  }

  restart(): Promise<RolloutResult> {
    return this.#source.restart();
  }

  /** The app listens. */
  markReady(): void {
    if (this.#state === 'booting') this.#state = 'ready';
  }

  /** The whole service is about to stop. */
  markLeaving(): void {
    this.#isLeaving = true;
    if (this.#state === 'ready') this.#state = 'leaving';
  }

  /** Aborts the signal and runs the hooks. Settles when all of them have; never rejects. */
  async startDraining(onHookError: (error: unknown) => void): Promise<void> {
    this.#state = 'draining';
    this.#onHookError = onHookError;
    this.#abort.abort();
    await Promise.all(this.#hooks.map((hook) => this.#run(hook)));
  }

  async #run(hook: DrainHook): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#onHookError(error);
    }
  }
}
