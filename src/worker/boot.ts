// A worker's boot: builds the app, waits for the primary's acknowledgement, listens.
import process from 'node:process';
import { build } from '../app/app.ts';
import type { BuildApp, ServableApp } from '../app/app.ts';
import type { MutableContext } from '../app/context.ts';
import { logError, STDERR_LOGGER } from '../app/log-error.ts';
import type { ErrorLogger } from '../app/log-error.ts';
import type { Drain } from '../drain/drain.ts';
import { serve } from '../drain/serve.ts';
import { ProtocolError } from '../errors.ts';
import { PROTOCOL } from '../protocol/envelope.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import { closeInherited, listenOnInherited } from './listen-on-inherited.ts';

export class Boot<App extends ServableApp> {
  readonly #settings: WorkerSettings;
  readonly #context: MutableContext;
  /** Settles when the primary has acknowledged this worker, or the boot is stopped. */
  readonly #acknowledged: Promise<void>;
  #acknowledge: () => void = () => undefined;
  /** Settles, and never rejects, when the boot has succeeded or failed. */
  #ended: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** From then on the inherited sockets are closed with the app's server. */
  #hasSockets = false;
  #app: App | undefined;
  #drain: Drain | undefined;

  constructor(settings: WorkerSettings, context: MutableContext) {
    this.#settings = settings;
    this.#context = context;
    this.#acknowledged = new Promise((resolve) => {
      this.#acknowledge = resolve;
    });
  }

  /** Undefined until it is built. */
  get app(): App | undefined {
    return this.#app;
  }

  /** The app's own; stderr until it is built. */
  get log(): ErrorLogger {
    return this.#app?.log ?? STDERR_LOGGER;
  }

  /** Undefined until the app listens. */
  get drain(): Drain | undefined {
    return this.#drain;
  }

  /** Settles when the app listens, or the boot was stopped. Rejects with what buildApp or a plugin threw. */
  run(buildApp: BuildApp<App>): Promise<void> {
    const booted = this.#run(buildApp);
    this.#ended = booted.catch(() => undefined);
    return booted;
  }

  /** The worker must not listen before: until then the primary may kill it. */
  acknowledge(): void {
    this.#acknowledge();
  }

  /** The app does not begin to listen any more. Settles when the boot has ended; it cannot be interrupted. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#acknowledge();
    if (this.#hasSockets) return this.#ended;
    closeInherited(this.#settings.sockets);
    // No connection was accepted, but what the app has started may depend on its signal and hooks.
    const hooks = this.#context.startDraining((error) => logError(this.log, error, 'an onDrain hook failed'));
    await Promise.all([hooks, this.#ended]);
  }

  async #run(buildApp: BuildApp<App>): Promise<void> {
    const { protocol, sockets, backlog } = this.#settings;
    if (protocol !== PROTOCOL) throw new ProtocolError(String(PROTOCOL), String(protocol));
    const app = await build(buildApp, this.#context);
    this.#app = app;
    // The app may have unref'd the channel, and nothing else keeps the process alive until the app listens.
    process.channel?.ref();
    await this.#acknowledged;
    if (this.#isStopped) return;
    this.#hasSockets = true;
    this.#drain = await serve(app, this.#context, () => listenOnInherited(app, sockets, backlog));
  }
}
