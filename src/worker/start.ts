// Runs in a worker process: boots the app, reports ready, follows the primary's instructions.
import process from 'node:process';
import tls from 'node:tls';
import type { AppBuilder, ServableApp } from '../app/app.ts';
import { MutableContext } from '../app/context.ts';
import type { WorkerContext } from '../app/context.ts';
import { logError } from '../app/log-error.ts';
import { FurtherServers } from '../drain/further-servers.ts';
import { NamedEndpoints } from '../drain/named-endpoints.ts';
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
import { InheritedSockets } from './inherited-sockets.ts';
import { isDebuggerOpen } from './inspector.ts';
import { LoadReport } from './load-report.ts';
import { SessionTickets } from './session-tickets.ts';

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
  readonly #endpoints: NamedEndpoints;
  readonly #boot: Boot<App>;
  readonly #handlers: ExitHandlers;
  readonly #exit: GracefulExit;
  readonly #tickets: SessionTickets;
  #load: LoadReport | undefined;
  #isReady = false;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#tickets = new SessionTickets(settings);
    this.#handlers = new ExitHandlers(settings.exitHandlers, HELD_EVENTS);
    this.#channel = new Channel({
      onInstruction: (instruction) => this.#follow(instruction),
      onDisconnect: () => void this.#exit.disconnected(),
    });
    const furtherServers = new FurtherServers();
    const sockets = new InheritedSockets(settings, async () => {
      await this.#channel.request('status').catch(() => undefined);
    });
    this.#endpoints = new NamedEndpoints({
      names: sockets.names,
      furtherServers,
      openings: (name) => this.#boot.openings(name),
    });
    this.#context = new MutableContext({
      role: 'worker',
      slot: settings.slot,
      generation: settings.generation,
      status: () => this.#channel.request('status'),
      broadcast: (broadcast) => this.#channel.broadcast(broadcast),
      addServer: (server) => {
        const takeBack = furtherServers.add(server);
        this.#tickets.add(server, 'further');
        return () => {
          takeBack();
          this.#tickets.remove(server);
        };
      },
      listen: (server, name) => {
        this.#tickets.add(server, `endpoint ${name}`);
        return this.#endpoints.listen(server, name);
      },
      restart: async () => mapError(await this.#channel.request('restart'), fromErrorInfo),
    });
    this.#boot = new Boot(settings, sockets, this.#context, {
      built: ({ server }) => this.#tickets.add(server, 'app'),
      furtherServers,
      onCut: (cut) => this.#exit.reportCut(cut),
    });
    this.#exit = new GracefulExit({
      settings,
      channel: this.#channel,
      boot: this.#boot,
      furtherServers,
      handlers: this.#handlers,
    });
  }

  async start(buildApp: AppBuilder<App>): Promise<ClusteredWorker<App>> {
    void this.#channel.send({ type: 'hello', protocol: PROTOCOL });
    if (isDebuggerOpen()) void this.#channel.send({ type: 'debugged' });
    const fail = (error: unknown, origin: unknown): void =>
      this.#exit.fail(error, this.#handlers.eventOf(error, origin));
    this.#handlers.listen('uncaughtException', fail);
    this.#handlers.listen('SIGTERM', () => void setTimeout(() => this.#retire(), RETIRE_DELAY_MS));
    await this.#boot.run(buildApp).catch((error: unknown) => fail(error, 'uncaughtException'));
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
    const { untaken } = this.#endpoints;
    if (untaken.length > 0) void this.#channel.send({ type: 'endpoints-unserved', names: untaken });
    this.#handlers.tell((handlers) => void this.#channel.send({ type: 'handlers-held', handlers }));
    const { load } = this.#boot;
    const counted = this.#settings.shed ? load : undefined;
    const beat = (): void => {
      const connections = counted?.inUse ?? null;
      void this.#channel.send({ type: 'heartbeat', debugged: isDebuggerOpen(), connections });
    };
    if (counted !== undefined) this.#load = new LoadReport(counted, beat);
    setInterval(beat, this.#settings.heartbeatMs).unref();
  }

  /** Unless it has ended already. */
  failBoot(error: Error): Error {
    if (!this.#isReady) this.#exit.fail(error, this.#handlers.eventOf(error, 'uncaughtException'));
    return error;
  }

  /** Unless the primary has told it meanwhile that all of them stop. */
  #retire(): void {
    const isLeaving = this.#context.state === 'leaving' || this.#exit.exited !== undefined;
    if (!isLeaving) void this.#channel.send({ type: 'retire' });
  }

  #follow(instruction: Instruction): void {
    switch (instruction.type) {
      case 'ticket-keys':
        return this.#tickets.setKeys(instruction.keys);
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
      case 'shed':
        return this.#load?.giveBack(instruction.connections);
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
