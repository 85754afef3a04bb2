// The exit handlers of others: held back until our own ending is over, then run.
import os from 'node:os';
import process from 'node:process';
import type { HeldHandler } from '../protocol/held-handlers.ts';
import { MAX_HELD } from '../protocol/held-handlers.ts';
import { EXCEPTION, REJECTION, handlersOf, heldIn, heldListeners, theHold } from './hold.ts';
import type { HeldEvents, Hold, Listener } from './hold.ts';

export type { HeldEvents } from './hold.ts';

/** What ends the process, as a listener would hear of it. */
export interface EndingEvent {
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface RunOptions {
  /** Asked at the very end. A handler that exits with 0, or as a signal would, does not hide that it is 1. */
  exitCode(): 0 | 1;
  /** How long the handlers may take. */
  readonly withinMs: number;
  /** A handler threw. */
  failed(error: unknown): void;
}

export class ExitHandlers {
  /** Undefined: they are left alone. */
  readonly #hold: Hold | undefined;

  constructor(mode: 'hold' | 'leave', events: HeldEvents) {
    this.#hold = mode === 'hold' ? theHold(events) : undefined;
  }

  /** Adds a listener of our own, which is called at once. Returns the function that removes it. */
  listen(event: string, listener: Listener): () => void {
    const hold = this.#hold;
    const own = hold?.own.get(event) ?? new Set();
    own.add(listener);
    hold?.own.set(event, own);
    Reflect.apply(process.on, process, [event, listener]);
    return () => {
      own.delete(listener);
      Reflect.apply(process.removeListener, process, [event, listener]);
    };
  }

  /** Passes on what is held back: all now, and later what is added. Each is told once. */
  tell(hear: (handlers: readonly HeldHandler[]) => void): void {
    const hold = this.#hold;
    if (hold === undefined) return;
    const told = new Set<string>();
    const tellNew = (): void => {
      const untold = heldIn(hold).filter(({ event, by }) => !told.has(`${event} ${by}`));
      for (const { event, by } of untold) told.add(`${event} ${by}`);
      if (untold.length > 0) hear(untold);
    };
    let isPlanned = false;
    hold.added = () => {
      if (isPlanned || told.size >= MAX_HELD) return;
      isPlanned = true;
      // One who adds a listener mostly adds several; and this one is not added yet.
      setImmediate(() => {
        isPlanned = false;
        tellNew();
      });
    };
    tellNew();
  }

  /** The event that an uncaught error is for others. To be called while Node reports it. */
  eventOf(error: unknown, origin: unknown): EndingEvent {
    const hold = this.#hold;
    const isRejection =
      hold !== undefined && origin === REJECTION && heldListeners(hold, REJECTION).length > 0;
    return isRejection
      ? { name: REJECTION, args: hold.rejection }
      : { name: EXCEPTION, args: [error, origin] };
  }

  /**
   * Runs the handlers that were held back from this event. Settles if there are none; else never: the process exits, when
   * one of them calls process.exit(), when nothing is left to do, or when their time is over.
   */
  async run({ name, args }: EndingEvent, { exitCode, withinMs, failed }: RunOptions): Promise<void> {
    const hold = this.#hold;
    if (hold === undefined || hold.running !== undefined) return;
    const handlers = handlersOf(hold, name);
    if (handlers.length === 0) return;
    hold.running = { event: name, exit };
    // What they add themselves, to hear of a second signal, is nobody's news.
    hold.added = () => undefined;
    process.prependListener('exit', () => {
      process.exitCode = codeOf(process.exitCode, name, exitCode());
    });
    // Unref'd: without anything else to wait for the process need not wait for this either.
    setTimeout(exit, withinMs).unref();
    exitWhenDone();
    for (const handler of handlers) {
      try {
        Reflect.apply(handler, process, args);
      } catch (error) {
        failed(error);
      }
    }
    return new Promise(() => undefined);
  }

  /** From now on an uncaught error is Node's to report, whoever listens. */
  leaveErrorsToNode(): void {
    if (this.#hold !== undefined) this.#hold.isForNode = true;
  }
}

export function signalEvent(signal: NodeJS.Signals): EndingEvent {
  return { name: signal, args: [signal, os.constants.signals[signal]] };
}

/** With the code that the listener of 'exit' sets. */
function exit(): void {
  process.exit();
}

/**
 * When the event loop has nothing to do any more. Not on the first time: those who listen to 'beforeExit' may begin
 * something. Node alone would do the same, but with code 13 where the entry file still awaits startClustered().
 */
function exitWhenDone(): void {
  process.once('beforeExit', () => {
    process.once('beforeExit', exit);
    setImmediate(() => undefined);
  });
}

/** A handler that has no error to tell exits with 0, or, by the habit of shells, with 128 and the number of the signal. */
function codeOf(theirs: unknown, event: string, ours: 0 | 1): number {
  const code = Number(theirs ?? 0);
  return code === 0 || code === 128 + (signalNumber(event) ?? Number.NaN) ? ours : code;
}

function signalNumber(event: string): number | undefined {
  return Object.entries(os.constants.signals).find(([name]) => name === event)?.[1];
}
