// Ends a worker, whatever the reason: stops the boot, drains, closes the app, runs what was held back, exits.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { ServableApp } from '../app/app.ts';
import { allowClosingAgain, close } from '../app/close.ts';
import type { Cut } from '../drain/cut.ts';
import type { DrainOrder } from '../drain/drain.ts';
import type { FurtherServers } from '../drain/further-servers.ts';
import { signalEvent } from '../process/exit-handlers.ts';
import type { EndingEvent, ExitHandlers } from '../process/exit-handlers.ts';
import { writeLine, writeToStderr } from '../process/stderr.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import type { ErrorInfo } from '../protocol/error-info.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import type { Boot } from './boot.ts';
import type { Channel } from './channel.ts';
import { isPrimaryGone } from './primary-gone.ts';

export interface GracefulExitParts {
  readonly settings: WorkerSettings;
  readonly channel: Channel;
  readonly boot: Boot<ServableApp>;
  readonly furtherServers: FurtherServers;
  readonly handlers: ExitHandlers;
}

export class GracefulExit {
  readonly #settings: WorkerSettings;
  readonly #channel: Channel;
  readonly #boot: Boot<ServableApp>;
  readonly #furtherServers: FurtherServers;
  readonly #handlers: ExitHandlers;
  /** What the handlers of others hear of. A worker that was told to drain got no signal; they expect one at an end. */
  #event: EndingEvent = signalEvent('SIGTERM');
  #exited: Promise<never> | undefined;
  /** Settles when the failure is reported: the process must not exit before. */
  #reported: Promise<void> | undefined;
  /** The same for what was cut. */
  #cutReported: Promise<void> | undefined;
  #code: 0 | 1 = 0;

  constructor({ settings, channel, boot, furtherServers, handlers }: GracefulExitParts) {
    this.#settings = settings;
    this.#channel = channel;
    this.#boot = boot;
    this.#furtherServers = furtherServers;
    this.#handlers = handlers;
  }

  /** Undefined: the worker stays. */
  get exited(): Promise<never> | undefined {
    return this.#exited;
  }

  /** On the primary's order. A later call can only shorten the times. */
  begin(order: DrainOrder): void {
    if (this.#exited === undefined) this.#exited = this.#leave(order);
    else void this.#drain(order);
  }

  /** The grace was over, and this was under way. Once: to the primary, which logs it; or to stderr if the primary is gone. */
  reportCut(cut: Cut): void {
    if (cut.requests + cut.upgraded > 0) this.#cutReported ??= this.#reportCut(cut);
  }

  /** An error that nothing caught, or a boot that failed. The primary starts a replacement when it hears of it. */
  fail(error: unknown, event: EndingEvent): void {
    if (this.#exited === undefined) this.#event = event;
    this.#code = 1;
    this.#reported ??= this.#report(toErrorInfo(error));
    this.begin({ final: false, ...this.#settings.shutdown });
  }

  /** The channel is closed. If the primary is gone, no process accepts connections after this worker. */
  async disconnected(): Promise<void> {
    const final = await isPrimaryGone(this.#settings.primary);
    this.begin({ final, ...this.#settings.shutdown });
  }

  async #leave(order: DrainOrder): Promise<never> {
    const { closeMs } = this.#settings;
    const waited = new AbortController();
    await Promise.race([this.#boot.stop(), setTimeout(closeMs, undefined, { signal: waited.signal })]);
    // Later the process may end when nothing else is left to do.
    waited.abort();
    await this.#drain(order);
    const { app, drain } = this.#boot;
    const drained = drain?.ended ?? Promise.resolve();
    const closeBy = drained.then(() => performance.now() + closeMs);
    if (app !== undefined && !(await close(app, closeMs, drained))) this.#code = 1;
    await Promise.all([this.#reported, this.#cutReported]);
    await this.#runHandlers(Math.max(1, (await closeBy) - performance.now()));
    process.exit(this.#code);
  }

  /** A worker that does not listen yet may have opened servers beside that. */
  async #drain(order: DrainOrder): Promise<void> {
    const { drain } = this.#boot;
    if (drain !== undefined) return drain.drain(order);
    this.reportCut(await this.#furtherServers.drain(order));
  }

  /** Settles if there are none. The primary kills a worker that takes longer. */
  #runHandlers(withinMs: number): Promise<void> {
    // Nothing that the primary says matters any more, so it must not keep the process alive.
    process.channel?.unref();
    if (this.#boot.app !== undefined) allowClosingAgain(this.#boot.app.server);
    return this.#handlers.run(this.#event, {
      exitCode: () => this.#code,
      withinMs,
      failed: (error) => this.fail(error, this.#event),
    });
  }

  /** Once: to the primary, which tells it; or to stderr if the primary is gone. */
  async #report(error: ErrorInfo): Promise<void> {
    const { slot, generation } = this.#settings;
    if (await this.#channel.send({ type: 'failing', error })) return;
    writeToStderr(`the worker of slot ${slot}, generation ${generation}, failed`, error);
  }

  async #reportCut(cut: Cut): Promise<void> {
    const { slot, generation } = this.#settings;
    if (await this.#channel.send({ type: 'connections-cut', ...cut })) return;
    const { requests, upgraded } = cut;
    const what = `${requests} requests and ${upgraded} upgraded connections were cut, as the grace was over`;
    writeLine(`the worker of slot ${slot}, generation ${generation}: ${what}`);
  }
}
