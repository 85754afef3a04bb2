// Ends a worker, whatever the reason: stops the boot, drains, closes the app, runs what was held back, exits.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { ServableApp } from '../app/app.ts';
import { allowClosingAgain, close } from '../app/close.ts';
import type { DrainOrder } from '../drain/drain.ts';
import { signalEvent } from '../process/exit-handlers.ts';
import type { EndingEvent, ExitHandlers } from '../process/exit-handlers.ts';
import { writeToStderr } from '../process/stderr.ts';
import { toErrorInfo } from '../protocol/error-info.ts';
import type { ErrorInfo } from '../protocol/error-info.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import type { Boot } from './boot.ts';
import type { Channel } from './channel.ts';
import { isPrimaryGone } from './primary-gone.ts';

export class GracefulExit {
  readonly #settings: WorkerSettings;
  readonly #channel: Channel;
  readonly #boot: Boot<ServableApp>;
  readonly #handlers: ExitHandlers;
  /** What the handlers of others hear of. A worker that was told to drain got no signal; they expect one at an end. */
  #event: EndingEvent = signalEvent('SIGTERM');
  #exited: Promise<never> | undefined;
  /** Settles when the failure is reported: the process must not exit before. */
  #reported: Promise<void> | undefined;
  #code: 0 | 1 = 0;

  constructor(settings: WorkerSettings, channel: Channel, boot: Boot<ServableApp>, handlers: ExitHandlers) {
    this.#settings = settings;
    this.#channel = channel;
    this.#boot = boot;
    this.#handlers = handlers;
  }

  /** Undefined: the worker stays. */
  get exited(): Promise<never> | undefined {
    return this.#exited;
  }

  /** On the primary's order. A later call can only shorten the times. */
  begin(order: DrainOrder): void {
    if (this.#exited === undefined) this.#exited = this.#leave(order);
    else void this.#boot.drain?.drain(order);
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
    // Unref'd: later the process may end when nothing else is left to do.
    await Promise.race([this.#boot.stop(), setTimeout(closeMs, undefined, { ref: false })]);
    await this.#boot.drain?.drain(order);
    const closeBy = performance.now() + closeMs;
    const { app } = this.#boot;
    if (app !== undefined && !(await close(app, closeMs))) this.#code = 1;
    await this.#reported;
    await this.#runHandlers(Math.max(1, closeBy - performance.now()));
    process.exit(this.#code);
  }

  /** Settles if there are none. The primary kills a worker that takes longer. */
  #runHandlers(withinMs: number): Promise<void> {
    // Nothing that the primary says matters any more, so it must not keep the process alive.
    process.channel?.unref();
    if (this.#boot.app !== undefined) allowClosingAgain(this.#boot.app);
    return this.#handlers.run(this.#event, {
      exitCode: () => this.#code,
      withinMs,
      failed: (error) => this.fail(error, this.#event),
    });
  }

  /** Once: to the primary, or to stderr if the primary is gone or has no logger. */
  async #report(error: ErrorInfo): Promise<void> {
    const { primaryLogs, slot, generation } = this.#settings;
    const write = (): void =>
      writeToStderr(`the worker of slot ${slot}, generation ${generation}, failed`, error);
    // Before the message: once the primary has it, it may kill this process.
    if (!primaryLogs) write();
    const isSent = await this.#channel.send({ type: 'failing', error });
    if (!isSent && primaryLogs) write();
  }
}
