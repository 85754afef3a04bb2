// One primary, from its start until it is killed, or stopped at the end.
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { FleetStatus } from 'fastify-clustered';
import { Service } from '../helpers/service.ts';
import type { ServiceOptions } from '../helpers/service.ts';
import type { Output } from './output.ts';

/** What the primary held at one moment. */
export interface Footprint {
  /** What each leads to. */
  readonly descriptors: readonly string[];
  readonly listeners: Readonly<Record<string, number>>;
  readonly heapBytes: number;
}

export interface Sample extends Footprint {
  readonly at: number;
}

/** The primary at rest, compared with the same primary after its start. */
export interface Audit {
  readonly life: number;
  readonly before: Footprint;
  readonly after: Footprint;
}

/** Between two samples of the heap. */
const SAMPLE_MS = 3_000;

export class Life {
  readonly number: number;
  readonly service: Service;
  /** Of the primary's log. */
  readonly output: Output;
  readonly startedAt = Date.now();
  /** The primary itself has exited; workers may still be there. */
  readonly exited: Promise<void>;
  readonly samples: Sample[] = [];
  readonly audits: Audit[] = [];
  /** Undefined: the soak did not kill it. */
  killedAt: number | undefined;
  #before: Footprint | undefined;
  readonly #over = new AbortController();

  constructor(number: number, options: ServiceOptions, output: Output) {
    this.number = number;
    this.output = output;
    this.service = new Service({ ...options, ...output.options });
    output.attach(this.service.child.stdout);
    // A call may be under way when the primary is killed. Its exit is what counts.
    this.service.child.on('error', () => undefined);
    this.exited = once(this.service.child, 'exit').then(() => this.#over.abort());
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Once all workers are ready: takes the footprint to compare with, and begins to sample. */
  async begin(): Promise<void> {
    await this.settled();
    // The first look makes Node load and open what it needs for looking.
    await this.look();
    this.#before = await this.look();
    void this.#sample();
  }

  status(): Promise<FleetStatus> {
    return this.#ask('status');
  }

  look(): Promise<Footprint> {
    return this.#ask('footprint');
  }

  async readyPids(): Promise<readonly number[]> {
    const { workers } = await this.status();
    return workers.flatMap(({ state, pid }) => (state === 'ready' && pid !== null ? [pid] : []));
  }

  /** Resolves when every worker is ready and no rollout is under way. Every change of the fleet is a line in the log. */
  async settled(): Promise<FleetStatus> {
    for (;;) {
      const lines = this.service.log.length;
      const status = await this.status();
      const { phase, rolling, size, workers } = status;
      const ready = workers.filter(({ state }) => state === 'ready');
      if (phase === 'running' && !rolling && workers.length === size && ready.length === size) return status;
      await this.service.more(lines);
    }
  }

  /** To be called at rest, and with as many workers as at the start, because each has a channel. */
  async audit(): Promise<void> {
    let after = await this.look();
    // The primary may log an exit before it closes the channel, which takes further turns of its event loop.
    for (let turn = 0; turn < 3; turn += 1) after = await this.look();
    if (this.#before !== undefined) this.audits.push({ life: this.number, before: this.#before, after });
  }

  /** SIGKILL to the primary alone. */
  async kill(): Promise<void> {
    this.killedAt = Date.now();
    process.kill(this.service.pid, 'SIGKILL');
    await this.exited;
  }

  /** Sends SIGTERM. Resolves with the exit code; null: the primary had been killed. */
  stop(): Promise<number | null> {
    this.#over.abort();
    return this.service.child.exitCode === null && this.service.child.signalCode === null
      ? this.service.stop()
      : Promise.resolve(this.service.child.exitCode);
  }

  async #sample(): Promise<void> {
    const { signal } = this.#over;
    try {
      for (;;) {
        await setTimeout(SAMPLE_MS, undefined, { signal });
        this.samples.push({ at: Date.now(), ...(await this.look()) });
      }
    } catch (error) {
      // The primary has exited while it was asked, or was killed: its channel may be gone before its exit is known here.
      if (!signal.aborted && this.killedAt === undefined) throw error;
    }
  }

  #ask<T>(method: string): Promise<T> {
    const gone = this.exited.then(() => {
      throw new Error(`the primary was gone before it answered '${method}'`);
    });
    return this.isOver ? gone : Promise.race([this.service.call<T>(method), gone]);
  }
}
