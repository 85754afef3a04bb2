// Runs in a worker process: boots the app, reports ready, follows the primary's instructions.
import process from 'node:process';
import type { BuildApp, ServableApp } from '../app/app.ts';
import { MutableContext } from '../app/context.ts';
import type { WorkerContext } from '../app/context.ts';
import { ExitHandlers } from '../process/exit-handlers.ts';
import { PROTOCOL } from '../protocol/envelope.ts';
import { fromErrorInfo } from '../protocol/error-info.ts';
import { takeSettings } from '../protocol/worker-settings.ts';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import { mapError } from '../status.ts';
import { Boot } from './boot.ts';
import { Channel } from './channel.ts';
import type { Instruction } from './channel.ts';
import { GracefulExit } from './graceful-exit.ts';
import { HELD_EVENTS } from './held-events.ts';

/**
 * How long a worker hears SIGTERM before it asks to be replaced, in ms. Whoever signals every process of the service, as
 * systemd does by default, reaches workers before the primary or at the same moment; and the primary may read their
 * requests before its own signal. Without this delay it would fork successors just before it begins to stop.
 */
const RETIRE_DELAY_MS = 200;

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
  readonly #handlers: ExitHandlers;
  readonly #exit: GracefulExit;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#handlers = new ExitHandlers(settings.exitHandlers, HELD_EVENTS);
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
    this.#exit = new GracefulExit(settings, this.#channel, this.#boot, this.#handlers);
  }

  async start(buildApp: BuildApp<App>): Promise<ClusteredWorker<App>> {
    void this.#channel.send({ type: 'hello', protocol: PROTOCOL });
    const fail = (error: unknown, origin: unknown): void =>
      this.#exit.fail(error, this.#handlers.eventOf(error, origin));
    this.#handlers.listen('uncaughtException', fail);
    this.#handlers.listen('SIGTERM', () => void setTimeout(() => this.#retire(), RETIRE_DELAY_MS));
    await this.#boot.run(buildApp).catch((error: unknown) => fail(error, 'uncaughtException'));
    if (this.#exit.exited !== undefined) return this.#exit.exited;
    const { app } = this.#boot;
    if (app === undefined) throw new Error('unreachable: without an app the worker exits');
    this.#context.markReady();
    void this.#channel.send({ type: 'ready' });
    this.#handlers.tell((handlers) => void this.#channel.send({ type: 'handlers-held', handlers }));
    const beat = (): void => void this.#channel.send({ type: 'heartbeat' });
    setInterval(beat, this.#settings.heartbeatMs).unref();
    return { role: 'worker', app, worker: this.#context };
  }

  /** Unless the primary has told it meanwhile that all of them stop. */
  #retire(): void {
    const isLeaving = this.#context.state === 'leaving' || this.#exit.exited !== undefined;
    if (!isLeaving) void this.#channel.send({ type: 'retire' });
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
