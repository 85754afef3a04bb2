// Runs in a worker process: boots the app, reports ready, follows the primary's instructions.
import process from 'node:process';
import tls from 'node:tls';
import type { AppBuilder, ServableApp } from '../app/app.ts';
import { MutableContext } from '../app/context.ts';
import type { WorkerContext } from '../app/context.ts';
import { PROTOCOL } from '../protocol/envelope.ts';
import { fromErrorInfo } from '../protocol/error-info.ts';
import { takeSettings } from '../protocol/worker-settings.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import { mapError } from '../status.ts';
import { Boot } from './boot.ts';
import { Channel } from './channel.ts';
import type { Instruction } from './channel.ts';
import { GracefulExit } from './graceful-exit.ts';

/** What startClustered resolves with in a worker. */
export interface ClusteredWorker<App extends ServableApp = ServableApp> {
  readonly role: 'worker';
  readonly app: App;
  readonly worker: WorkerContext;
}

/**
 * Settles when this worker listens. If it cannot, it reports the error to the primary and exits with code 1.
 * @param onStarted is given a function that makes the boot fail with this error, and returns it
 */
export function startWorker<App extends ServableApp>(
  buildApp: AppBuilder<App>,
  onStarted: (failBoot: (error: Error) => Error) => void,
): Promise<ClusteredWorker<App>> {
  const settings = takeSettings();
  // The primary was gone before anything was built.
  if (!process.connected) process.exit(0);
  const worker = new Worker<App>(settings);
  onStarted((error) => worker.failBoot(error));
  return worker.start(buildApp);
}

class Worker<App extends ServableApp> {
  readonly #settings: WorkerSettings;
  readonly #channel: Channel;
  readonly #context: MutableContext;
  readonly #boot: Boot<App>;
  readonly #exit: GracefulExit;
  #isReady = false;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#channel = new Channel({
      onInstruction: (instruction) => this.#follow(instruction),
      onDisconnect: () => void this.#exit.disconnected(),
    });
    this.#context = new MutableContext({
      role: 'worker',
      slot: settings.slot,
      generation: settings.generation,
      status: () => this.#channel.request('status'),
      restart: async () => mapError(await this.#channel.request('restart'), fromErrorInfo),
    });
    this.#boot = new Boot(settings, this.#context);
    this.#exit = new GracefulExit(settings, this.#channel, this.#boot);
  }

  async start(buildApp: AppBuilder<App>): Promise<ClusteredWorker<App>> {
    void this.#channel.send({ type: 'hello', protocol: PROTOCOL });
    process.on('uncaughtException', (error) => this.#exit.fail(error));
    process.on('SIGTERM', () => void this.#channel.send({ type: 'retire' }));
    await this.#boot.run(buildApp).catch((error: unknown) => this.#exit.fail(error));
    if (this.#exit.exited !== undefined) return this.#exit.exited;
    const { app } = this.#boot;
    if (app === undefined) throw new Error('unreachable: without an app the worker exits');
    this.#context.markReady();
    // What the entry file does right after startClustered belongs to the boot: if it throws, the boot fails.
    setImmediate(() => this.#reportReady());
    return { role: 'worker', app, worker: this.#context };
  }

  #reportReady(): void {
    if (this.#exit.exited !== undefined) return;
    this.#isReady = true;
    void this.#channel.send({ type: 'ready', secure: this.#boot.app?.server instanceof tls.Server });
    const beat = (): void => void this.#channel.send({ type: 'heartbeat' });
    setInterval(beat, this.#settings.heartbeatMs).unref();
  }

  /** Unless it has ended already. */
  failBoot(error: Error): Error {
    if (!this.#isReady) this.#exit.fail(error);
    return error;
  }

  #follow(instruction: Instruction): void {
    switch (instruction.type) {
      case 'acknowledged':
        return this.#boot.acknowledge();
      case 'leave':
        return this.#context.markLeaving();
      case 'drain':
        return this.#exit.begin(instruction);
    }
  }
}
