// The app's view of the process that it runs in, and of the fleet around it.
import type net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { checkTopic, toBroadcast } from '../protocol/broadcast.ts';
import type { Broadcast } from '../protocol/broadcast.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';
import { Broadcasts } from './broadcasts.ts';
import type { BroadcastListener } from './broadcasts.ts';
import { DrainSignal } from './drain-signal.ts';
import { EndingStreams } from './ending-streams.ts';
import { Leadership } from './leadership.ts';
import type { LeaderHook } from './leadership.ts';

/**
 * `booting`: not serving yet. `ready`: serving. `leaving`: serving, while the whole service is about to stop.
 * `draining`: finishing what it has accepted.
 */
export type WorkerState = 'booting' | 'ready' | 'leaving' | 'draining';

/** What buildApp is called with, and what the plugin decorates the app with, as `app.clustered`. */
export interface WorkerContext {
  /** `single`: one process without a primary (`workers: 0`, tests, plain scripts). */
  readonly role: 'worker' | 'single';
  /** The stable index of this worker, from 0: its successor has the same one. In a single process 0. */
  readonly slot: number;
  /** The id of the release that this worker runs, from 1: each rollout has the next one. In a single process 1. */
  readonly generation: number;
  readonly state: WorkerState;
  /**
   * What a readiness probe should report. False while the worker boots, and from the moment when the whole service is
   * about to stop, so that load balancers send no more requests. It stays true in a worker that drains because a successor
   * has taken over: new connections reach the successor.
   */
  readonly readiness: boolean;
  /**
   * Aborts when the worker begins to drain: the app should then end its long-lived streams. Any number of listeners may be
   * added. Unlike that of other signals, a listener for `abort` that is added later than that is called, too, at once.
   */
  readonly signal: AbortSignal;
  /**
   * Ends a stream when the worker begins to drain, such as one of server-sent events: its client then connects anew, to a worker that
   * stays. What was written before reaches the client, and the response ends as it should. One that is added during the drain ends
   * at once. Where there are many, they end one after the other, at most 10 ms apart, and within `rollout.idleMs` or `shutdown.idleMs`.
   *
   * Give it what you write to (`reply.raw` after `reply.hijack()`, a PassThrough that the reply sends), which is returned. Or give it
   * a stream that is only read: then send what is returned, since a source itself cannot be told to end.
   * @returns the stream to use: the same one, unless it is only readable
   */
  endOnDrain<Stream extends Writable>(stream: Stream): Stream;
  endOnDrain(stream: Readable): Readable;
  /**
   * Adds a hook that runs when the worker begins to drain; a hook that is added later than that runs at once. The drain
   * waits for its promise, at most for the grace time (`rollout.graceMs`, `shutdown.graceMs`). The app's logger logs what
   * it throws.
   * @returns a function that takes the hook back: it is not called any more
   */
  onDrain(hook: DrainHook): () => void;
  /**
   * Has a further server drained like the app's own, such as one for metrics: of `node:http`, `node:https`, `node:http2`,
   * `node:net` or `node:tls`, whether it listens already or not. It stops accepting when the app's server does, its last
   * responses have `Connection: close`, its idle connections are closed (`rollout.idleMs`, `shutdown.idleMs`), what is left
   * after the grace time is cut, and then it is closed, before `app.close()`. One that is added during the drain drains at
   * once. Connections of `node:net` and `node:tls` are the app's to end, as no one else knows when they are idle. Add a server
   * before it accepts connections: those from before are not drained. Of a Fastify instance add `instance.server`, and close
   * the instance in an onClose hook.
   * @returns a function that takes the server back: it is the app's own to close. During the drain it has no effect
   */
  addServer(server: net.Server): () => void;
  /**
   * Has a further server listen on the endpoint that has this name (`listen.name`, or LISTEN_FDNAMES of systemd): its socket is held
   * like the app's own, so that while no worker runs nobody is refused. The server is drained as by {@link addServer}. Call it in
   * buildApp, in every worker. Settles when the server listens, and may be awaited there. Without startClustered, as in a test,
   * there are no endpoints, and it does not listen.
   * @throws FST_CLUSTERED_OPTION_INVALID: rejects with it if no endpoint has the name, another server has taken it, or the server is
   * none of those that addServer takes, or listens already
   */
  listen(server: net.Server, name: string): Promise<void>;
  /**
   * Is this worker the leader? At most one worker of a primary is, and soon after the leader has gone another one is. It becomes
   * false when the worker begins to drain, while hooks of {@link onLeader} may still be at work. A process without a primary is
   * the leader while it serves.
   */
  readonly leader: boolean;
  /**
   * Adds a hook for what must run in one worker only: a schedule, or the consumer of a queue. It runs when this worker becomes
   * the leader, or at once if it is. Its signal aborts when the worker begins to drain. The next leader is elected when every hook
   * has settled, or this process has exited; the drain waits for them, too, at most for the grace time. The app's logger logs
   * what a hook throws, unless it is the abort itself; the worker stays the leader, and the hook is not run again.
   * @returns a function that takes the hook back: it is not called any more, and if it runs, its signal aborts
   */
  onLeader(hook: LeaderHook): () => void;
  /**
   * Sends data to every other worker that has called startClustered, also to those that boot or drain, but not to this one. At
   * most once: a worker that crashes, or does not read for so long that 16 MiB wait for it, misses it. In a single process
   * there is no other worker.
   * @param topic 1 to 256 characters
   * @param data anything that JSON can hold, up to 8 MiB of it
   * @returns false if it was not sent: the primary is gone, or 16 MiB still wait for the primary to read them
   * @throws FST_CLUSTERED_OPTION_INVALID: the topic is no such string, or the data cannot be turned into JSON
   * @throws FST_CLUSTERED_BROADCAST_TOO_LARGE: the data has more than 8 MiB as JSON
   */
  broadcast(topic: string, data: unknown): boolean;
  /**
   * Adds a listener for what other workers, or the primary, broadcast on this topic. Add it in buildApp, and nothing that is
   * broadcast later is missed. The app's logger logs what the listener throws, or rejects with.
   * @returns a function that takes the listener back
   * @throws FST_CLUSTERED_OPTION_INVALID: the topic is no string of 1 to 256 characters
   */
  onBroadcast<Data = unknown>(topic: string, listener: BroadcastListener<Data>): () => void;
  /**
   * The fleet as the primary sees it. In a single process the fleet is this process.
   * @throws FST_CLUSTERED_PRIMARY_GONE: rejects with it if the primary has exited
   */
  status(): Promise<FleetStatus>;
  /**
   * Rolling restart of the whole fleet, this worker included. Resolves when the rollout has ended, also if it was aborted;
   * mostly the worker itself is replaced before that.
   * @throws FST_CLUSTERED_PRIMARY_GONE: rejects with it if the primary has exited
   * @throws FST_CLUSTERED_SINGLE: rejects with it in a single process
   */
  restart(): Promise<RolloutResult>;
}

export type DrainHook = () => void | Promise<void>;

/** Each has its own: the same hook may be added twice. */
interface AddedHook {
  readonly hook: DrainHook;
}

/** Where a context takes from what it does not know itself. */
export interface ContextSource {
  readonly role: 'worker' | 'single';
  readonly slot: number;
  readonly generation: number;
  status(state: WorkerState): Promise<FleetStatus>;
  restart(): Promise<RolloutResult>;
  /** To every other worker. False: it was not sent. */
  broadcast(broadcast: Broadcast): boolean;
  /** Has it drained. Returns the function that takes it back. */
  addServer(server: net.Server): () => void;
  /** At the endpoint of that name. */
  listen(server: net.Server, name: string): Promise<void>;
}

/** The {@link WorkerContext} with what changes it. */
export class MutableContext implements WorkerContext {
  readonly role: 'worker' | 'single';
  readonly slot: number;
  readonly generation: number;
  readonly #source: ContextSource;
  readonly #drainSignal = new DrainSignal();
  readonly #streams = new EndingStreams();
  readonly #hooks = new Set<AddedHook>();
  readonly #leadership = new Leadership();
  readonly #broadcasts = new Broadcasts();
  #state: WorkerState = 'booting';
  #isLeaving = false;
  #onHookError: (error: unknown) => void = () => undefined;

  constructor(source: ContextSource) {
    this.#source = source;
    this.role = source.role;
    this.slot = source.slot;
    this.generation = source.generation;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get readiness(): boolean {
    return this.#state !== 'booting' && !this.#isLeaving;
  }

  get signal(): AbortSignal {
    return this.#drainSignal.signal;
  }

  endOnDrain<Stream extends Writable>(stream: Stream): Stream;
  endOnDrain(stream: Readable): Readable;
  endOnDrain(stream: Readable | Writable): Readable | Writable {
    return this.#streams.add(stream);
  }

  onDrain(hook: DrainHook): () => void {
    const added = { hook };
    if (this.#state === 'draining') void this.#run(added);
    else this.#hooks.add(added);
    return () => void this.#hooks.delete(added);
  }

  addServer(server: net.Server): () => void {
    return this.#source.addServer(server);
  }

  listen(server: net.Server, name: string): Promise<void> {
    return this.#source.listen(server, name);
  }

  get leader(): boolean {
    return this.#leadership.isNow;
  }

  onLeader(hook: LeaderHook): () => void {
    return this.#leadership.add(hook);
  }

  broadcast(topic: string, data: unknown): boolean {
    return this.#source.broadcast(toBroadcast(topic, data));
  }

  onBroadcast<Data>(topic: string, listener: BroadcastListener<Data>): () => void {
    // What the data is like is between the app's workers.
    return this.#broadcasts.add(checkTopic(topic), (data) => listener(data as Data));
  }

  status(): Promise<FleetStatus> {
    return this.#source.status(this.#state);
  }

  restart(): Promise<RolloutResult> {
    return this.#source.restart();
  }

  /** The app listens. */
  markReady(): void {
    if (this.#state === 'booting') this.#state = 'ready';
  }

  /** It is the leader until it drains; if it drains already, not at all. Settles when its term is over; never rejects. */
  lead(onHookError: (error: unknown) => void): Promise<void> {
    return this.#leadership.begin(onHookError);
  }

  /** Another worker, or the primary, has broadcast it. */
  hear(broadcast: Broadcast, onListenerError: (error: unknown) => void): void {
    this.#broadcasts.deliver(broadcast, onListenerError);
  }

  /** The whole service is about to stop. */
  markLeaving(): void {
    this.#isLeaving = true;
    if (this.#state === 'ready') this.#state = 'leaving';
  }

  /**
   * Ends the term as leader, aborts the signal, runs the hooks, and ends streams, the last one within that time. Settles when all hooks
   * have; never rejects.
   */
  async startDraining(onHookError: (error: unknown) => void, streamsWithinMs = 0): Promise<void> {
    this.#state = 'draining';
    this.#onHookError = onHookError;
    const stepped = this.#leadership.end();
    this.#drainSignal.abort();
    this.#streams.end(streamsWithinMs);
    // In the iteration itself: one hook may take back another one.
    const running: Promise<void>[] = [];
    for (const hook of this.#hooks) running.push(this.#run(hook));
    await Promise.all([stepped, ...running]);
  }

  async #run({ hook }: AddedHook): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#onHookError(error);
    }
  }
}
