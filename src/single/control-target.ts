// A process that serves alone, as the control socket sees it: it can tell its status, and be stopped.
import process from 'node:process';
import type { WorkerContext } from '../app/context.ts';
import type { ControlTarget } from '../control/target.ts';
import { SingleError } from '../errors.ts';
import type { ControlResults } from '../protocol/control.ts';
import type { FleetStatus, RolloutResult } from '../status.ts';

export class SingleTarget implements ControlTarget {
  readonly stopped: Promise<ControlResults['stop']>;
  readonly #context: Pick<WorkerContext, 'status'>;
  #settle: (ending: ControlResults['stop']) => void = () => undefined;
  #stop: (() => void) | undefined;

  constructor(context: Pick<WorkerContext, 'status'>) {
    this.#context = context;
    this.stopped = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** From now on it can be stopped gracefully. */
  serving(stop: () => void): void {
    this.#stop = stop;
  }

  /** @param error null: it has ended as it should */
  end(error: unknown): void {
    this.#settle(
      error === null
        ? { exitCode: 0, reason: 'requested' }
        : { exitCode: 1, reason: this.#stop ? 'unclean' : 'boot-failed' },
    );
  }

  status(): Promise<FleetStatus> {
    return this.#context.status();
  }

  async restart(): Promise<RolloutResult> {
    throw new SingleError();
  }

  scale(): never {
    throw new SingleError();
  }

  /** While it boots, SIGTERM ends it as it ends any process that has not installed a handler yet. */
  stop(): void {
    if (this.#stop === undefined) process.kill(process.pid, 'SIGTERM');
    else this.#stop();
  }

  follow(): void {
    // Nothing happens in it that is worth an event.
  }

  told(): void {
    // Its logger is the app's.
  }
}
