// Runs in a worker process: build, boot, listen, say ready, obey.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { ProtocolError } from '../errors.ts';
import { fromErrorInfo, toErrorInfo } from '../protocol/error-info.ts';
import type { ErrorInfo } from '../protocol/error-info.ts';
import { PROTOCOL } from '../protocol/messages.ts';
import type { WorkerSettings } from '../protocol/messages.ts';
import { mapError } from '../status.ts';
import { writeToStderr } from '../process/stderr.ts';
import { build } from '../app/app.ts';
import type { BuildApp, ServableApp } from '../app/app.ts';
import { Channel } from './channel.ts';
import type { Order } from './channel.ts';
import { close } from '../app/close.ts';
import { Connections } from '../drain/connections.ts';
import { LiveContext } from '../app/context.ts';
import type { WorkerContext } from '../app/context.ts';
import { Drain } from '../drain/drain.ts';
import type { DrainTimes } from '../drain/drain.ts';
import { Sessions } from '../drain/http2.ts';
import { closeInherited, listenOnInherited } from '../app/listen.ts';
import { logError } from '../app/log-error.ts';
import { isOrphaned } from './orphaned.ts';
import { takeSettings } from './settings.ts';

/** What startClustered gives in a worker. */
export interface ClusteredWorker<App extends ServableApp = ServableApp> {
  readonly role: 'worker';
  readonly app: App;
  readonly worker: WorkerContext;
}

/** Settles when this worker listens. When it cannot, it tells the primary why and exits with code 1. */
export function startWorker<App extends ServableApp>(buildApp: BuildApp<App>): Promise<ClusteredWorker<App>> {
  const settings = takeSettings();
  // The primary was gone before anything was built.
  if (!process.connected) process.exit(0);
  return new WorkerLife<App>(settings).live(buildApp);
}

class WorkerLife<App extends ServableApp> {
  readonly #settings: WorkerSettings;
  readonly #channel: Channel;
  readonly #context: LiveContext;
  /** Settles when the primary has heard of this worker, or it has to leave. */
  readonly #welcome: Promise<void>;
  #settleWelcome: () => void = () => undefined;
  /** Settles, and never rejects, when the app listens or has failed to. */
  #booted: Promise<void> = Promise.resolve();
  #app: App | undefined;
  /** Are the sockets that this worker was born with its app's? */
  #tookOver = false;
  /** There is one as soon as the app listens. */
  #drain: Drain | undefined;
  #leaving: Promise<never> | undefined;
  /** What is said of a failure: the process does not end before it is on its way. */
  #lastWords: Promise<void> | undefined;
  #exitCode: 0 | 1 = 0;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#welcome = new Promise((resolve) => {
      this.#settleWelcome = resolve;
    });
    this.#channel = new Channel({
      order: (order) => this.#obey(order),
      closed: () => void this.#leaveByItself(),
    });
    this.#context = new LiveContext({
      role: 'worker',
      slot: settings.slot,
      generation: settings.generation,
      status: () => this.#channel.ask('status'),
      restart: async () => mapError(await this.#channel.ask('restart'), fromErrorInfo),
    });
  }

  async live(buildApp: BuildApp<App>): Promise<ClusteredWorker<App>> {
    void this.#channel.say({ type: 'hello', protocol: PROTOCOL });
    process.on('uncaughtException', (error) => this.#fail(error));
    process.on('SIGTERM', () => void this.#channel.say({ type: 'retire' }));
    this.#booted = this.#boot(buildApp).catch((error: unknown) => this.#fail(error));
    await this.#booted;
    if (this.#leaving !== undefined) return this.#leaving;
    if (this.#app === undefined) throw new Error('unreachable: a boot ends with an app, or in leaving');
    this.#context.becomeReady();
    void this.#channel.say({ type: 'ready' });
    setInterval(() => void this.#channel.say({ type: 'heartbeat' }), this.#settings.heartbeatMs).unref();
    return { role: 'worker', app: this.#app, worker: this.#context };
  }

  async #boot(buildApp: BuildApp<App>): Promise<void> {
    const { protocol, sockets, backlog } = this.#settings;
    if (protocol !== PROTOCOL) throw new ProtocolError(String(PROTOCOL), String(protocol));
    const app = await build(buildApp, this.#context);
    this.#app = app;
    // The app may have unref'd it, and nothing else keeps the process alive until it serves.
    process.channel?.ref();
    await this.#welcome;
    if (this.#leaving !== undefined) return;
    this.#tookOver = true;
    const connections = new Connections(app.server);
    const sessions = new Sessions(app.server);
    const acceptor = await listenOnInherited(app, sockets, backlog);
    this.#drain = new Drain({ app, context: this.#context, connections, sessions, acceptor });
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'acknowledged':
        return this.#settleWelcome();
      case 'leave':
        return this.#context.becomeUnready();
      case 'drain':
        return this.#leave(order);
    }
  }

  /** Only if the primary is gone does nobody accept after this worker. */
  async #leaveByItself(): Promise<void> {
    this.#leave({ final: await isOrphaned(this.#settings.primary), ...this.#settings.shutdown });
  }

  /** The primary starts a replacement at once. What else this worker has accepted it still answers. */
  #fail(error: unknown): void {
    this.#exitCode = 1;
    this.#lastWords ??= this.#tell(toErrorInfo(error));
    this.#leave({ final: false, ...this.#settings.shutdown });
  }

  /** Once: to the primary, or, where it is gone or has no logger, to stderr. */
  async #tell(error: ErrorInfo): Promise<void> {
    const { primaryLogs, slot, generation } = this.#settings;
    const write = (): void =>
      writeToStderr(`the worker of slot ${slot}, generation ${generation}, failed`, error);
    // First of all: once the primary knows of it, it may kill this process.
    if (!primaryLogs) write();
    const isHeard = await this.#channel.say({ type: 'failing', error });
    if (!isHeard && primaryLogs) write();
  }

  /** Called again, it only becomes less patient. */
  #leave(times: DrainTimes): void {
    this.#settleWelcome();
    if (this.#leaving === undefined) this.#leaving = this.#end(times);
    else void this.#drain?.drain(times);
  }

  async #end(times: DrainTimes): Promise<never> {
    const { closeMs } = this.#settings;
    // A boot cannot be interrupted, but nothing is lost by leaving in the middle of it.
    const left = this.#tookOver ? this.#booted : this.#leaveBoot();
    await Promise.race([left, setTimeout(closeMs)]);
    await this.#drain?.drain(times);
    if (this.#app !== undefined && !(await close(this.#app, closeMs))) this.#exitCode = 1;
    await this.#lastWords;
    process.exit(this.#exitCode);
  }

  /** Nothing was accepted yet, but what the app has begun may want to know. */
  async #leaveBoot(): Promise<void> {
    closeInherited(this.#settings.sockets);
    const told = this.#context.becomeDraining((error) =>
      this.#app === undefined
        ? writeToStderr(HOOK_FAILED, toErrorInfo(error))
        : logError(this.#app.log, error, HOOK_FAILED),
    );
    await Promise.all([told, this.#booted]);
  }
}

const HOOK_FAILED = 'an onDrain hook failed';
