// The processes of all workers: carries out the commands for them, and turns what they send into events of the fleet.
import type { Command } from '../../fleet/command.ts';
import type { FleetEvent, Heartbeats } from '../../fleet/event.ts';
import { ProtocolError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import { formatEndpoint } from '../../net/endpoint.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';
import { PROTOCOL } from '../../protocol/envelope.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import type { RequestName } from '../../protocol/requests.ts';
import { mapError } from '../../status.ts';
import type { ClusteredPrimary } from '../clustered-primary.ts';
import type { PrimaryLog } from '../log/logger.ts';
import type { PinnedReleases } from '../releases/pinned-releases.ts';
import { logGone } from '../releases/release-log.ts';
import type { HeldSockets } from '../sockets/held-sockets.ts';
import { explainEnd } from './exit-cause.ts';
import { fork } from './worker-process.ts';
import type { WorkerProcess } from './worker-process.ts';
import { workerSettings } from './worker-settings.ts';

export type WorkerCommand = Extract<Command, { worker: number }>;

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
  /** Since they were last taken. They are no events: there are many, and they change nothing until the fleet looks at them. */
  #heartbeats = new Map<number, number>();

  /** By what the last worker that became ready said. */
  #isSecure = false;

  constructor(parts: Parts, supervisor: Supervisor) {
    this.#parts = parts;
    this.#supervisor = supervisor;
  }

  /** Null: the process is gone, or could not be made. */
  pidOf(worker: number): number | null {
    return this.#processes.get(worker)?.pid ?? null;
  }

  /** Where people find the service. */
  urls(): readonly string[] {
    const scheme = this.#isSecure ? 'https' : 'http';
    return this.#parts.sockets.endpoints.map((endpoint) => `${scheme}://${formatEndpoint(endpoint)}`);
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
        this.#processes.set(command.worker, this.#fork(command));
        return;
      case 'drain': {
        const { type, final, idleMs, graceMs } = command;
        return known?.send({ type, final, idleMs, graceMs });
      }
      case 'leave':
        return known?.send({ type: 'leave' });
      case 'kill':
        return known?.kill();
    }
  }

  /** To be called once the end of the worker is announced, which needs its pid. */
  forget(worker: number): void {
    this.#processes.delete(worker);
  }

  #fork({ worker, slot, generation }: Extract<Command, { type: 'fork' }>): WorkerProcess {
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
        exited: (code, signal) => {
          dispatch({ type: 'worker-exited', worker, code, signal, explanation: explainEnd(code, signal) });
        },
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
        this.#isSecure = message.secure;
        return dispatch({ type: 'worker-ready', worker });
      case 'heartbeat':
        this.#heartbeats.set(worker, now());
        return undefined;
      case 'failing':
        return dispatch({ type: 'worker-failing', worker, error: message.error });
      case 'retire':
        return dispatch({ type: 'retire-requested', worker });
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
