// Counts the fates of a load's requests, and lets a test wait for a number of them.
import assert from 'node:assert/strict';
import type { LoadOptions } from './load-client.ts';
import { FATES, describeLosses } from './load-report.ts';
import type { Fate, LoadCounts, LoadReport, Loss, LossFate } from './load-report.ts';

/** The report keeps that many losses. */
const SAMPLES = 20;

interface Waiter {
  readonly of: 'answered' | 'finished';
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  seen: number;
  stallTimer: NodeJS.Timeout;
}

export class Tally {
  sent = 0;
  connectionsOpened = 0;
  closedWhenIdle = 0;
  resetWhenIdle = 0;
  readonly startedAt = performance.now();
  readonly hungAfterMs: number;
  readonly #stalledAfterMs: number;
  readonly #onLoss: LoadOptions['onLoss'];
  readonly #fates: Record<Fate, number>;
  readonly #byWorker = new Map<string, number>();
  readonly #samples: Loss[] = [];
  readonly #latencies: number[] = [];
  readonly #waiters = new Set<Waiter>();
  #closed = false;

  constructor({ hungAfterMs = 20_000, stalledAfterMs, onLoss }: LoadOptions) {
    this.hungAfterMs = hungAfterMs;
    // Later than a hung request ends, because that is progress, too.
    this.#stalledAfterMs = stalledAfterMs ?? hungAfterMs + 10_000;
    this.#onLoss = onLoss;
    this.#fates = { answered: 0, serverError: 0, wrongAnswer: 0, refused: 0, reset: 0, cut: 0, hung: 0 };
  }

  completeAnswer(worker: string | undefined): void {
    if (worker !== undefined) this.#byWorker.set(worker, (this.#byWorker.get(worker) ?? 0) + 1);
  }

  answered(tookMs: number): void {
    this.#fates.answered += 1;
    this.#latencies.push(tookMs);
    this.#settleWaiters();
  }

  lost(fate: LossFate, describe: () => Loss): void {
    this.#fates[fate] += 1;
    if (this.#samples.length < SAMPLES || this.#onLoss !== undefined) {
      const loss = describe();
      if (this.#samples.length < SAMPLES) this.#samples.push(loss);
      this.#onLoss?.(loss);
    }
    this.#settleWaiters();
  }

  /** More bytes came behind what had counted as a complete answer. */
  answeredAfterAllCut(describe: () => Loss): void {
    this.#fates.answered -= 1;
    this.lost('cut', describe);
  }

  reached(of: 'answered' | 'finished', count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const stallTimer = setTimeout(() => this.#checkProgress(waiter), this.#stalledAfterMs);
      const waiter: Waiter = { of, count, resolve, reject, seen: this.#progress(of), stallTimer };
      this.#waiters.add(waiter);
      this.#settleWaiters();
    });
  }

  counts(): LoadCounts {
    const { sent, connectionsOpened, closedWhenIdle, resetWhenIdle } = this;
    const lost = this.#finished() - this.#fates.answered;
    return { sent, ...this.#fates, lost, connectionsOpened, closedWhenIdle, resetWhenIdle };
  }

  close(): LoadReport {
    this.#closed = true;
    this.#settleWaiters();
    assert.equal(this.#finished(), this.sent, 'each request ends in exactly one fate');
    const sorted = Float64Array.from(this.#latencies).toSorted();
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
    return {
      ...this.counts(),
      byWorker: this.#byWorker,
      samples: this.#samples,
      latency: { p50: rank(0.5), p99: rank(0.99), max: rank(1) },
    };
  }

  #finished(): number {
    let sum = 0;
    for (const fate of FATES) sum += this.#fates[fate];
    return sum;
  }

  #progress(of: 'answered' | 'finished'): number {
    return of === 'answered' ? this.#fates.answered : this.#finished();
  }

  #settleWaiters(): void {
    for (const waiter of this.#waiters) {
      if (this.#progress(waiter.of) >= waiter.count) {
        this.#forget(waiter);
        waiter.resolve();
      } else if (this.#closed) {
        this.#fail(waiter, 'the load was stopped');
      }
    }
  }

  #checkProgress(waiter: Waiter): void {
    const progress = this.#progress(waiter.of);
    if (progress === waiter.seen) {
      this.#fail(waiter, `nothing more within ${this.#stalledAfterMs} ms`);
    } else {
      waiter.seen = progress;
      waiter.stallTimer = setTimeout(() => this.#checkProgress(waiter), this.#stalledAfterMs);
    }
  }

  #fail(waiter: Waiter, reason: string): void {
    this.#forget(waiter);
    const progress = `${this.#progress(waiter.of)} of ${waiter.count} requests ${waiter.of}`;
    const losses = describeLosses({ ...this.counts(), samples: this.#samples });
    waiter.reject(new Error(`${progress}, ${reason}: ${losses}`));
  }

  #forget(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    clearTimeout(waiter.stallTimer);
  }
}
