// A worker's boot: builds the app, waits for the primary's acknowledgement, listens.
import process from 'node:process';
import { build } from '../app/app.ts';
import type { AppBuilder, ServableApp } from '../app/app.ts';
import type { MutableContext } from '../app/context.ts';
import { logError, STDERR_LOGGER } from '../app/log-error.ts';
import type { ErrorLogger } from '../app/log-error.ts';
import { Acceptor } from '../drain/acceptor.ts';
import type { ConnectionLoad } from '../drain/connection-load.ts';
import type { Drain } from '../drain/drain.ts';
import { serve } from '../drain/serve.ts';
import type { Served, ServeOptions } from '../drain/serve.ts';
import { ProtocolError } from '../errors.ts';
import { listenWithApp } from '../app/listen.ts';
import type { Opening } from '../app/listen.ts';
import { PROTOCOL } from '../protocol/envelope.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import type { InheritedSockets } from './inherited-sockets.ts';

/** What happens on the way, and what the drain needs. */
export interface BootOptions<App extends ServableApp> extends ServeOptions {
  /** It does not listen yet. */
  built(app: App): void;
}

export class Boot<App extends ServableApp> {
  readonly #settings: WorkerSettings;
  readonly #sockets: InheritedSockets;
  readonly #context: MutableContext;
  readonly #options: BootOptions<App>;
  /** Settles when the primary has acknowledged this worker, or the boot is stopped. */
  readonly #acknowledged: Promise<void>;
  #acknowledge: () => void = () => undefined;
  /** Settles, and never rejects, when the boot has succeeded or failed. */
  #ended: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** From then on the app's sockets are closed with its server. */
  #hasSockets = false;
  #app: App | undefined;
  #served: Served | undefined;

  constructor(
    settings: WorkerSettings,
    sockets: InheritedSockets,
    context: MutableContext,
    options: BootOptions<App>,
  ) {
    this.#settings = settings;
    this.#sockets = sockets;
    this.#context = context;
    this.#options = options;
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
    return this.#served?.drain;
  }

  /** Undefined until the app listens. */
  get load(): ConnectionLoad | undefined {
    return this.#served?.load;
  }

  /** Settles when the app listens, or the boot was stopped. Rejects with what buildApp or a plugin threw. */
  run(buildApp: AppBuilder<App>): Promise<void> {
    const booted = this.#run(buildApp);
    this.#ended = booted.catch(() => undefined);
    return booted;
  }

  /** The worker must not listen before: until then the primary may kill it. */
  acknowledge(): void {
    this.#acknowledge();
  }

  /** The sockets of a name, when the worker may listen. Empty: it must not any more. */
  async openings(name: string): Promise<readonly Opening[]> {
    await this.#acknowledged;
    return this.#sockets.take(name);
  }

  /** The app does not begin to listen any more. Settles when the boot has ended; it cannot be interrupted. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#sockets.closeRest();
    this.#acknowledge();
    if (this.#hasSockets) return this.#ended;
    // No connection was accepted, but what the app has started may depend on its signal and hooks.
    const hooks = this.#context.startDraining((error) => logError(this.log, error, 'an onDrain hook failed'));
    await Promise.all([hooks, this.#ended]);
  }

  async #run(buildApp: AppBuilder<App>): Promise<void> {
    const { protocol } = this.#settings;
    if (protocol !== PROTOCOL) throw new ProtocolError(String(PROTOCOL), String(protocol));
    const app = await build(buildApp, this.#context, this.#sockets.ports);
    this.#app = app;
    this.#options.built(app);
    // The app may have unref'd the channel, and nothing else keeps the process alive until the app listens.
    process.channel?.ref();
    await this.#acknowledged;
    if (this.#isStopped) return;
    this.#hasSockets = true;
    const listen = async (): Promise<Acceptor> =>
      new Acceptor(await listenWithApp(app, this.#sockets.take(undefined)));
    this.#served = await serve(app, this.#context, listen, this.#options);
  }
}
