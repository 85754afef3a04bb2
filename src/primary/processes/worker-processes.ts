// The processes of all workers: carries out the commands for them, and turns what they send into events of the fleet.
import type { Command } from '../../fleet/command.ts';
import type { FleetEvent, Heartbeats } from '../../fleet/event.ts';
import { ProtocolError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';
import type { Broadcast } from '../../protocol/broadcast.ts';
import { PROTOCOL } from '../../protocol/envelope.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import type { RequestName } from '../../protocol/requests.ts';
import { mapError } from '../../status.ts';
import type { ClusteredPrimary } from '../clustered-primary.ts';
import type { PrimaryLog } from '../log/logger.ts';
import type { PinnedReleases } from '../releases/pinned-releases.ts';
import { logGone } from '../releases/release-log.ts';
import type { HeldSockets } from '../sockets/held-sockets.ts';
import { Outbox } from './outbox.ts';
import { fork } from './worker-process.ts';
import type { WorkerProcess } from './worker-process.ts';
import { workerSettings } from './worker-settings.ts';

export type WorkerCommand = Extract<Command, { worker: number }>;

type ForkCommand = Extract<Command, { type: 'fork' }>;

/** What a primary is made of. */
export interface Parts {
  readonly settings: Settings;
  readonly log: PrimaryLog;
  readonly sockets: HeldSockets;
  readonly releases: PinnedReleases;
}

/** What workers' processes need of the primary. A worker, too, may ask for the status, or for a restart. */
export interface Supervisor extends Pick<ClusteredPrimary, 'status' | 'restart'> {
  dispatch(event: FleetEvent): void;
  /** Awake time. */
  now(): number;
}

export class WorkerProcesses {
  readonly #parts: Parts;
  readonly #supervisor: Supervisor;
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #outboxes = new Map<number, Outbox>();
  /** Since they were last taken. They are no events: there are many, and they change nothing until the fleet looks at them. */
  #heartbeats = new Map<number, number>();

  constructor(parts: Parts, supervisor: Supervisor) {
    this.#parts = parts;
    this.#supervisor = supervisor;
  }

  /** Null: the process is gone, or could not be made. */
  pidOf(worker: number): number | null {
    return this.#processes.get(worker)?.pid ?? null;
  }

  /** When the latest heartbeat of each worker came, of those that had one since the last call. */
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
        const { type, final, idleMs, graceMs } = command;
        return known?.send({ type, final, idleMs, graceMs });
      }
      case 'elect':
        return known?.send({ type: 'elected' });
      case 'leave':
        return known?.send({ type: 'leave' });
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
  }

  #add({ worker, slot, generation }: ForkCommand, process: WorkerProcess): void {
    const name = { slot, generation: generation.id, pid: process.pid ?? null };
    this.#processes.set(worker, process);
    this.#outboxes.set(
      worker,
      new Outbox({
        write: (broadcast, written) => process.broadcast(broadcast, written),
        dropped: (dropped) => this.#parts.log.warn({ worker: name, dropped }, 'broadcasts dropped'),
      }),
    );
  }

  #fork({ worker, slot, generation }: ForkCommand): WorkerProcess {
    const { settings, sockets, releases, log } = this.#parts;
    const { dispatch } = this.#supervisor;
    return fork(
      {
        launch: () => releases.launch(generation, (instead) => logGone(log, generation, instead)),
        settings: workerSettings({ slot, generation: generation.id }, settings, sockets.endpoints),
        descriptors: sockets.descriptors,
      },
      {
        message: (message) => this.#hear(worker, message),
        exited: (code, signal) => dispatch({ type: 'worker-exited', worker, code, signal }),
        disconnected: () => dispatch({ type: 'worker-disconnected', worker }),
        forkFailed: (error) => dispatch({ type: 'fork-failed', worker, error }),
      },
    );
  }

  #hear(worker: number, message: WorkerMessage): void {
    const { dispatch, now } = this.#supervisor;
    switch (message.type) {
      case 'hello': {
        if (message.protocol === PROTOCOL) return;
        const error = new ProtocolError(String(message.protocol), String(PROTOCOL));
        return dispatch({ type: 'worker-incompatible', worker, error: toErrorInfo(error) });
      }
      case 'ready':
        return dispatch({ type: 'worker-ready', worker });
      case 'heartbeat':
        this.#heartbeats.set(worker, now());
        return undefined;
      case 'failing':
        return dispatch({ type: 'worker-failing', worker, error: message.error });
      case 'retire':
        return dispatch({ type: 'retire-requested', worker });
      case 'broadcast':
        return this.broadcast({ topic: message.topic, json: message.json }, worker);
      case 'steppedDown':
        return dispatch({ type: 'leader-stepped-down', worker });
      case 'request':
        void this.#respond(worker, message.id, message.name);
        return undefined;
    }
  }

  async #respond(worker: number, id: number, name: RequestName): Promise<void> {
    const { status, restart } = this.#supervisor;
    const value = name === 'status' ? status() : mapError(await restart(), toErrorInfo);
    this.#processes.get(worker)?.send({ type: 'response', id, value });
  }
}
