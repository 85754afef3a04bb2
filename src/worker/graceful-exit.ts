// Ends a worker, whatever the reason: stops the boot, drains, closes the app, exits.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { ServableApp } from '../app/app.ts';
import { close } from '../app/close.ts';
import type { DrainOrder } from '../drain/drain.ts';
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
  #exited: Promise<never> | undefined;
  /** Settles when the failure is reported: the process must not exit before. */
  #reported: Promise<void> | undefined;
  #code: 0 | 1 = 0;

  constructor(settings: WorkerSettings, channel: Channel, boot: Boot<ServableApp>) {
    this.#settings = settings;
    this.#channel = channel;
    this.#boot = boot;
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
  fail(error: unknown): void {
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
    await Promise.race([this.#boot.stop(), setTimeout(closeMs)]);
    await this.#boot.drain?.drain(order);
    const { app } = this.#boot;
    if (app !== undefined && !(await close(app, closeMs))) this.#code = 1;
    await this.#reported;
    process.exit(this.#code);
  }

  /** Once: to the primary, which tells it; or to stderr if the primary is gone. */
  async #report(error: ErrorInfo): Promise<void> {
    const { slot, generation } = this.#settings;
    if (await this.#channel.send({ type: 'failing', error })) return;
    writeToStderr(`the worker of slot ${slot}, generation ${generation}, failed`, error);
  }
}
