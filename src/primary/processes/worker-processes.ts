// The processes of all workers: carries out the commands for them, and turns what they send into events of the fleet.
import type { Command } from '../../fleet/command.ts';
import type { FleetEvent, Heartbeat, Heartbeats } from '../../fleet/event.ts';
import { ProtocolError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import { urlOf } from '../../net/endpoint.ts';
import { toErrorInfo, toPlainError } from '../../protocol/error-info.ts';
import type { Broadcast } from '../../protocol/broadcast.ts';
import { PROTOCOL } from '../../protocol/envelope.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import type { RequestName } from '../../protocol/requests.ts';
import { mapError } from '../../status.ts';
import type { ClusteredPrimary } from '../clustered-primary.ts';
import type { PrimaryLog } from '../log/logger.ts';
import type { PinnedReleases } from '../releases/pinned-releases.ts';
import { logGone } from '../releases/release-log.ts';
import { heapMbOf, withHeap } from '../resources/heap.ts';
import type { Resources } from '../resources/resources.ts';
import type { HeldSocket, HeldSockets } from '../sockets/held-sockets.ts';
import { TicketKeys } from '../ticket-keys.ts';
import { OUT_OF_MEMORY, explainEnd, isSigkill } from './exit-cause.ts';
import { forkError } from './fork-cause.ts';
import { HeldLog } from './held-log.ts';
import { Outbox } from './outbox.ts';
import { UnservedLog } from './unserved-log.ts';
import { fork } from './worker-process.ts';
import type { ProcessExit, WorkerProcess } from './worker-process.ts';
import { descriptorsOf, workerSettings } from './worker-settings.ts';

export type WorkerCommand = Extract<Command, { worker: number }>;

type ForkCommand = Extract<Command, { type: 'fork' }>;

/** What a primary is made of. */
export interface Parts {
  readonly settings: Settings;
  readonly log: PrimaryLog;
  readonly resources: Resources;
  readonly sockets: HeldSockets;
  readonly releases: PinnedReleases;
}

/** What workers' processes need of the primary. A worker, too, may ask for the status, or for a restart. */
export interface Supervisor extends Pick<ClusteredPrimary, 'status' | 'restart'> {
  dispatch(event: FleetEvent): void;
  /** How many workers the fleet has when it is complete. */
  size(): number;
  /** Awake time. */
  now(): number;
}

export class WorkerProcesses {
  readonly #parts: Parts;
  readonly #supervisor: Supervisor;
  readonly #heldLog: HeldLog;
  readonly #unservedLog: UnservedLog;
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #outboxes = new Map<number, Outbox>();
  readonly #ticketKeys: TicketKeys;
  /** Since they were last taken. They are no events: there are many, and they change nothing until the fleet looks at them. */
  #heartbeats = new Map<number, Heartbeat>();

  /** Workers in which a debugger is open. */
  readonly #debugged = new Set<number>();

  /** Of each worker. */
  readonly #slots = new Map<number, number>();

  /** By what the last worker that became ready said. */
  #isSecure = false;

  constructor(parts: Parts, supervisor: Supervisor) {
    this.#parts = parts;
    this.#supervisor = supervisor;
    this.#heldLog = new HeldLog(parts.log);
    this.#unservedLog = new UnservedLog(parts.log);
    this.#ticketKeys = new TicketKeys(parts.settings.tls.rotateTicketKeysMs, () => this.#tellTicketKeys());
  }

  /** What happens without a worker's doing begins. */
  start(): void {
    this.#ticketKeys.start();
  }

  /** It ends: there are no workers any more. */
  stop(): void {
    this.#ticketKeys.stop();
  }

  /** Null: the process is gone, or could not be made. */
  pidOf(worker: number): number | null {
    return this.#processes.get(worker)?.pid ?? null;
  }

  /** Where people find the service. */
  urls(): readonly string[] {
    const own = this.#parts.sockets.endpoints.filter(({ name }) => name === undefined);
    return own.map((endpoint) => urlOf(endpoint, this.#isSecure));
  }

  /** The latest heartbeat of each worker, of those that had one since the last call. */
  takeHeartbeats(): Heartbeats {
    const taken = this.#heartbeats;
    this.#heartbeats = new Map();
    return taken;
  }

  carryOut(command: WorkerCommand): void {
    const known = this.#processes.get(command.worker);
    switch (command.type) {
      case 'fork':
        return this.#add(command, this.#fork(command));
      case 'drain': {
        const { type, worker, final, idleMs, graceMs } = command;
        const isLastOfSlot = this.#leavesSlot(worker);
        return known?.send({ type, final, isLastOfSlot, idleMs, graceMs });
      }
      case 'elect':
        return known?.send({ type: 'elected' });
      case 'leave':
        return known?.send({ type: 'leave' });
      case 'shed': {
        const { type, connections } = command;
        return known?.send({ type, connections });
      }
      case 'kill':
        return known?.kill();
    }
  }

  /** To every worker but the one that sent it. Null: the primary itself sent it. */
  broadcast(broadcast: Broadcast, from: number | null): void {
    for (const [worker, outbox] of this.#outboxes) if (worker !== from) outbox.send(broadcast);
  }

  /** To be called once the end of the worker is announced, which needs its pid. */
  forget(worker: number): void {
    this.#processes.delete(worker);
    this.#outboxes.delete(worker);
    this.#debugged.delete(worker);
    this.#slots.delete(worker);
  }

  #tellTicketKeys(): void {
    // One that has not said hello yet gets the newest ones then.
    const { current } = this.#ticketKeys;
    for (const process of this.#processes.values()) process.send({ type: 'ticket-keys', keys: current });
    this.#parts.log.debug({}, 'ticket keys rotated');
  }

  #add({ worker, slot, generation }: ForkCommand, process: WorkerProcess): void {
    const name = { slot, generation: generation.id, pid: process.pid ?? null };
    this.#processes.set(worker, process);
    this.#slots.set(worker, slot);
    this.#noteDebugger(worker, process.isDebugged);
    this.#outboxes.set(
      worker,
      new Outbox({
        write: (broadcast, written) => process.broadcast(broadcast, written),
        dropped: (dropped) => this.#parts.log.warn({ worker: name, dropped }, 'broadcasts dropped'),
      }),
    );
  }

  /** Its slot is gone: nobody else empties the queues that the slot has for itself. */
  #leavesSlot(worker: number): boolean {
    const slot = this.#slots.get(worker) ?? 0;
    return slot >= this.#supervisor.size() && this.#parts.sockets.closeSlot(slot);
  }

  /** The error: the system refuses those that the slot has for itself. */
  #socketsOf(slot: number): readonly HeldSocket[] | Error {
    try {
      return this.#parts.sockets.ofSlot(slot);
    } catch (error) {
      return toPlainError(error);
    }
  }

  #fork({ worker, slot, generation }: ForkCommand): WorkerProcess {
    const { settings, resources, releases, log } = this.#parts;
    const sockets = this.#socketsOf(slot);
    const held = sockets instanceof Error ? [] : sockets;
    const { dispatch } = this.#supervisor;
    return fork(
      {
        launch: () => {
          // Then the fork fails, and is tried again.
          if (sockets instanceof Error) throw sockets;
          const launch = releases.launch(generation, (instead) => logGone(log, generation, instead));
          return withHeap(
            launch,
            heapMbOf(settings, this.#supervisor.size(), resources.capacity.memoryBytes),
          );
        },
        ticketKeys: () => this.#ticketKeys.current,
        settings: workerSettings(
          { slot, generation: generation.id, ticketSecret: this.#ticketKeys.secret },
          settings,
          held,
        ),
        descriptors: descriptorsOf(held),
        balance: settings.balance,
      },
      {
        message: (message) => this.#hear(worker, generation.id, message),
        exited: (exit) => {
          const { code, signal } = exit;
          const explanation = this.#isOutOfMemory(exit) ? OUT_OF_MEMORY : explainEnd(code, signal);
          dispatch({ type: 'worker-exited', worker, code, signal, explanation });
        },
        disconnected: () => dispatch({ type: 'worker-disconnected', worker }),
        forkFailed: (error) => dispatch({ type: 'fork-failed', worker, error: forkError(error) }),
      },
    );
  }

  /** To be called now and then. */
  lookForOomKills(): void {
    this.#parts.resources.oomKills.look(this.#supervisor.now());
  }

  #isOutOfMemory({ code, signal, isKilled }: ProcessExit): boolean {
    return (
      !isKilled && isSigkill(code, signal) && this.#parts.resources.oomKills.take(this.#supervisor.now())
    );
  }

  #hear(worker: number, generation: number, message: WorkerMessage): void {
    const { dispatch, now } = this.#supervisor;
    switch (message.type) {
      case 'hello': {
        if (message.protocol === PROTOCOL) return;
        const error = new ProtocolError(String(message.protocol), String(PROTOCOL));
        return dispatch({ type: 'worker-incompatible', worker, error: toErrorInfo(error) });
      }
      case 'ready':
        this.#isSecure = message.secure;
        return dispatch({ type: 'worker-ready', worker });
      case 'debugged':
        return this.#noteDebugger(worker, true);
      case 'heartbeat':
        this.#noteDebugger(worker, message.debugged);
        this.#heartbeats.set(worker, { at: now(), connections: message.connections });
        return undefined;
      case 'failing':
        return dispatch({ type: 'worker-failing', worker, error: message.error });
      case 'retire':
        return dispatch({ type: 'retire-requested', worker });
      case 'broadcast':
        return this.broadcast({ topic: message.topic, json: message.json }, worker);
      case 'steppedDown':
        return dispatch({ type: 'leader-stepped-down', worker });
      case 'connections-cut': {
        const { type, requests, upgraded } = message;
        return dispatch({ type, worker, requests, upgraded });
      }
      case 'handlers-held':
        return this.#heldLog.hear(generation, message.handlers);
      case 'endpoints-unserved':
        return this.#unservedLog.hear(generation, message.names);
      case 'request':
        void this.#respond(worker, message.id, message.name);
        return undefined;
    }
  }

  #noteDebugger(worker: number, isOpen: boolean): void {
    if (this.#debugged.has(worker) === isOpen) return;
    if (isOpen) this.#debugged.add(worker);
    else this.#debugged.delete(worker);
    this.#supervisor.dispatch({ type: isOpen ? 'debugger-opened' : 'debugger-closed', worker });
  }

  async #respond(worker: number, id: number, name: RequestName): Promise<void> {
    const { status, restart } = this.#supervisor;
    const value = name === 'status' ? status() : mapError(await restart(), toErrorInfo);
    this.#processes.get(worker)?.send({ type: 'response', id, value });
  }
}
