// The processes of all workers: does to them what the fleet commands, and turns what comes from them into events.
import process from 'node:process';
import type { Command } from '../../fleet/command.ts';
import type { FleetEvent, SignsOfLife } from '../../fleet/event.ts';
import type { Generation } from '../../fleet/fleet.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';
import { PROTOCOL } from '../../protocol/envelope.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import type { RequestName, Responses } from '../../protocol/requests.ts';
import type { WorkerSettings } from '../../protocol/worker-settings.ts';
import type { Settings } from '../../options/index.ts';
import { ProtocolError } from '../../errors.ts';
import type { Listener } from '../sockets/held-sockets.ts';
import type { PinnedReleases } from '../releases/pinned-releases.ts';
import type { PinnedRelease } from '../releases/release.ts';
import { FIRST_INHERITED, fork } from './worker-process.ts';
import type { WorkerProcess } from './worker-process.ts';

export type WorkerCommand = Extract<Command, { worker: number }>;

/** What workers are made of. */
export interface Parts {
  readonly settings: Settings;
  readonly listener: Listener;
  readonly releases: PinnedReleases;
}

export interface WorkersListener {
  happened(event: FleetEvent): void;
  /** What a generation was pinned to is gone: a worker of it runs what is there instead. */
  movedOn(generation: Generation, instead: PinnedRelease): void;
  /** Awake time. */
  now(): number;
  requested(name: RequestName): Promise<Responses[RequestName]>;
}

export class WorkerProcesses {
  readonly #parts: Parts;
  readonly #listener: WorkersListener;
  readonly #processes = new Map<number, WorkerProcess>();
  /** When each worker was heard since the fleet was last told: signs of life are many, and change nothing until it looks. */
  #heard = new Map<number, number>();

  constructor(parts: Parts, listener: WorkersListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /** Null: the process is gone, or could not be made. */
  pidOf(worker: number): number | null {
    return this.#processes.get(worker)?.pid ?? null;
  }

  /** Those that have come since the last call. */
  takeSignsOfLife(): SignsOfLife {
    const heard = this.#heard;
    this.#heard = new Map();
    return heard;
  }

  carryOut(command: WorkerCommand): void {
    const known = this.#processes.get(command.worker);
    switch (command.type) {
      case 'fork':
        this.#processes.set(command.worker, this.#fork(command));
        return;
      case 'drain': {
        const { type, cause, final, idleMs, graceMs, closeMs } = command;
        return known?.send({ type, cause, final, idleMs, graceMs, closeMs });
      }
      case 'leave':
        return known?.send({ type: 'leave' });
      case 'kill':
        return known?.kill();
    }
  }

  /** After its exit has been told. */
  forget(worker: number): void {
    this.#processes.delete(worker);
  }

  #fork({ worker, slot, generation }: Extract<Command, { type: 'fork' }>): WorkerProcess {
    const { listener, releases } = this.#parts;
    return fork(
      {
        launch: () => releases.launch(generation, (instead) => this.#listener.movedOn(generation, instead)),
        settings: this.#birthSettings(slot, generation.id),
        descriptors: listener.descriptors,
      },
      {
        message: (message) => this.#hear(worker, message),
        exited: (code, signal) => this.#listener.happened({ type: 'worker-exited', worker, code, signal }),
        disconnected: () => this.#listener.happened({ type: 'worker-disconnected', worker }),
        forkFailed: (error) => this.#listener.happened({ type: 'fork-failed', worker, error }),
      },
    );
  }

  #birthSettings(slot: number, generation: number): WorkerSettings {
    const { settings, listener } = this.#parts;
    const { shutdown, closeMs, watchdog } = settings.policy;
    return {
      protocol: PROTOCOL,
      primary: process.pid,
      slot,
      generation,
      sockets: listener.addresses.map((address, index) => ({ ...address, fd: FIRST_INHERITED + index })),
      backlog: settings.listen.backlog,
      primaryLogs: settings.logger !== false,
      heartbeatMs: watchdog === false ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, watchdog.timeoutMs / 10),
      shutdown: { idleMs: shutdown.idleMs, graceMs: shutdown.graceMs },
      closeMs,
    };
  }

  #hear(worker: number, message: WorkerMessage): void {
    const { happened, now } = this.#listener;
    switch (message.type) {
      case 'hello': {
        if (message.protocol === PROTOCOL) return;
        const error = new ProtocolError(String(message.protocol), String(PROTOCOL));
        return happened({ type: 'worker-incompatible', worker, error: toErrorInfo(error) });
      }
      case 'ready':
        return happened({ type: 'worker-ready', worker });
      case 'heartbeat':
        this.#heard.set(worker, now());
        return undefined;
      case 'failing':
        return happened({ type: 'worker-failing', worker, error: message.error });
      case 'retire':
        return happened({ type: 'retire-requested', worker });
      case 'request':
        void this.#respond(worker, message.id, message.name);
        return undefined;
    }
  }

  async #respond(worker: number, id: number, name: RequestName): Promise<void> {
    const value = await this.#listener.requested(name);
    this.#processes.get(worker)?.send({ type: 'response', id, value });
  }
}

/**
 * How often a worker gives a sign of life, in ms: often enough that one which is silent for a little less than
 * `watchdog.timeoutMs` is not taken for dead, and no more often, as each one wakes the primary.
 */
const HEARTBEAT_MS = 3_000;
