// The app's view of the worker that it runs in, and of the fleet around it.
import type { FleetStatus, RolloutResult } from '../status.ts';

/**
 * `booting`: not serving yet. `ready`: serving. `leaving`: serving, while the whole service is about to stop.
 * `draining`: finishing what it has accepted.
 */
export type WorkerState = 'booting' | 'ready' | 'leaving' | 'draining';

/** What buildApp is given, and what the plugin decorates the app with. */
export interface WorkerContext {
  /** `single`: one process, no primary (`workers: 0`, tests, plain scripts). */
  readonly role: 'worker' | 'single';
  /** The stable index of this worker, from 0. Its successor has the same one. */
  readonly slot: number;
  /** The id of the release that this worker runs. */
  readonly generation: number;
  readonly state: WorkerState;
  /**
   * What a readiness probe should be told: false while the worker boots, and once the whole service is about to stop, so
   * that load balancers look elsewhere. It stays true in a worker that drains because its successor has taken over: new
   * connections reach the successor.
   */
  readonly readiness: boolean;
  /** Aborts when the worker begins to drain: long streams should come to an end. */
  readonly signal: AbortSignal;
  /**
   * Adds what is to be done when the worker begins to drain. What it returns is awaited, within the grace time; what it
   * throws is logged. Added later than that, it runs at once.
   */
  onDrain(hook: DrainHook): void;
  /** The fleet as the primary sees it. @throws FST_CLUSTERED_PRIMARY_GONE */
  status(): Promise<FleetStatus>;
  /**
   * Rolling restart of the whole fleet, this worker included. Mostly it is gone before it could learn of the result.
   * @throws FST_CLUSTERED_PRIMARY_GONE, FST_CLUSTERED_SINGLE
   */
  restart(): Promise<RolloutResult>;
}

export type DrainHook = () => void | Promise<void>;

/** Where a context takes its answers from. */
export interface ContextSource {
  readonly role: 'worker' | 'single';
  readonly slot: number;
  readonly generation: number;
  status(state: WorkerState): Promise<FleetStatus>;
  restart(): Promise<RolloutResult>;
}

/** The worker's own side of a {@link WorkerContext}: what changes it. */
export class LiveContext implements WorkerContext {
  readonly role: 'worker' | 'single';
  readonly slot: number;
  readonly generation: number;
  readonly #source: ContextSource;
  readonly #abort = new AbortController();
  readonly #hooks: DrainHook[] = [];
  #state: WorkerState = 'booting';
  #isLeaving = false;
  #failed: (error: unknown) => void = () => undefined;

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

  becomeReady(): void {
    if (this.#state === 'booting') this.#state = 'ready';
  }

  becomeUnready(): void {
    this.#isLeaving = true;
    if (this.#state === 'ready') this.#state = 'leaving';
  }

  /** Tells everybody who wanted to know, and settles when their hooks have. Never rejects. */
  async becomeDraining(failed: (error: unknown) => void): Promise<void> {
    this.#state = 'draining';
    this.#failed = failed;
    this.#abort.abort();
    await Promise.all(this.#hooks.map((hook) => this.#run(hook)));
  }

  async #run(hook: DrainHook): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#failed(error);
    }
  }
}
