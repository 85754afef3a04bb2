// Runs in a worker process: boots the app, reports ready, follows the primary's instructions.
import process from 'node:process';
import type { BuildApp, ServableApp } from '../app/app.ts';
import { MutableContext } from '../app/context.ts';
import type { WorkerContext } from '../app/context.ts';
import { logError } from '../app/log-error.ts';
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

/** Settles when this worker listens. If it cannot, it reports the error to the primary and exits with code 1. */
export function startWorker<App extends ServableApp>(buildApp: BuildApp<App>): Promise<ClusteredWorker<App>> {
  const settings = takeSettings();
  // The primary was gone before anything was built.
  if (!process.connected) process.exit(0);
  return new Worker<App>(settings).start(buildApp);
}

class Worker<App extends ServableApp> {
  readonly #settings: WorkerSettings;
  readonly #channel: Channel;
  readonly #context: MutableContext;
  readonly #boot: Boot<App>;
  readonly #exit: GracefulExit;

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
      broadcast: (broadcast) => this.#channel.broadcast(broadcast),
      restart: async () => mapError(await this.#channel.request('restart'), fromErrorInfo),
    });
    this.#boot = new Boot(settings, this.#context);
    this.#exit = new GracefulExit(settings, this.#channel, this.#boot);
  }

  async start(buildApp: BuildApp<App>): Promise<ClusteredWorker<App>> {
    void this.#channel.send({ type: 'hello', protocol: PROTOCOL });
    process.on('uncaughtException', (error) => this.#exit.fail(error));
    process.on('SIGTERM', () => void this.#channel.send({ type: 'retire' }));
    await this.#boot.run(buildApp).catch((error: unknown) => this.#exit.fail(error));
    if (this.#exit.exited !== undefined) return this.#exit.exited;
    const { app } = this.#boot;
    if (app === undefined) throw new Error('unreachable: without an app the worker exits');
    this.#context.markReady();
    void this.#channel.send({ type: 'ready' });
    const beat = (): void => void this.#channel.send({ type: 'heartbeat' });
    setInterval(beat, this.#settings.heartbeatMs).unref();
    return { role: 'worker', app, worker: this.#context };
  }

  #follow(instruction: Instruction): void {
    switch (instruction.type) {
      case 'acknowledged':
        return this.#boot.acknowledge();
      case 'elected':
        void this.#lead();
        return undefined;
      case 'deliver':
        return this.#context.hear(instruction, (error) =>
          logError(this.#boot.log, error, 'an onBroadcast listener failed'),
        );
      case 'leave':
        return this.#context.markLeaving();
      case 'drain':
        return this.#exit.begin(instruction);
    }
  }

  /** The next leader is elected when the primary hears of the end, or when this process has exited. */
  async #lead(): Promise<void> {
    await this.#context.lead((error) => logError(this.#boot.log, error, 'an onLeader hook failed'));
    void this.#channel.send({ type: 'steppedDown' });
  }
}
