// Holds back the exit handlers of others until our own ending is over: listeners for signals and uncaught errors that the
// app, an SDK or an `--import` file adds.
//
// Such a handler flushes something and calls process.exit(), in the middle of every request that is in flight. What is
// patched here, and nothing else in the package, and only with `exitHandlers: 'hold'`:
//
// - `process.emit`. Node delivers signals and uncaught errors by it. For the events that are held it calls our own
//   listeners alone. Others stay registered as they are, so `listeners()`, `listenerCount()`, `once()` and
//   `removeListener()` tell the truth; they are only not called yet. To hand out other `process.on()` and
//   `process.removeListener()` functions instead would need a second set of books for all of these.
// - `process.setUncaughtExceptionCaptureCallback`, and `has...`: such a callback gets errors instead of `process.emit`.
//
// process.exit() is left alone: the app that calls it for other reasons has crashed.
import process from 'node:process';
import type { HeldHandler } from '../protocol/held-handlers.ts';
import { MAX_HELD } from '../protocol/held-handlers.ts';
import { addedBy, callerOf } from './added-by.ts';

export type Listener = (...args: never[]) => unknown;
type Emit = (event: string | symbol, ...args: unknown[]) => boolean;
type SetCapture = typeof process.setUncaughtExceptionCaptureCallback;

/** Which events are held. Those for uncaught errors always are. */
export interface HeldEvents {
  readonly signals: readonly NodeJS.Signals[];
  /** Of these only functions that listen to one of `signals`, too: for close-with-grace, SIGUSR2 is an end like any other. */
  readonly signalsIfEnding: readonly NodeJS.Signals[];
}

/** One in a process, although a worker has two copies of this file: the preload's and the app's. */
export interface Hold {
  events: HeldEvents;
  /** Our own listeners. */
  readonly own: Map<string, Set<Listener>>;
  /** Null: Node itself. Its listeners end nothing, so they are not held. */
  readonly addedBy: WeakMap<Listener, string | null>;
  /** What others have passed to setUncaughtExceptionCaptureCallback. */
  capture: ((error: Error) => void) | null;
  /** The latest, with which Node calls listeners for unhandled rejections. */
  rejection: readonly unknown[];
  /** Errors are Node's to report. */
  isForNode: boolean;
  /** The event whose handlers run, and what ends the process then. */
  running: { readonly event: string; readonly exit: () => void } | undefined;
  added: () => void;
}

const HOLD = Symbol.for('fastify-clustered.exit-handlers');

export const EXCEPTION = 'uncaughtException';
export const REJECTION = 'unhandledRejection';

/** Patches the process, the first time. */
export function theHold(events: HeldEvents): Hold {
  const there: Hold | undefined = Reflect.get(process, HOLD);
  if (there !== undefined) {
    there.events = events;
    return there;
  }
  const hold: Hold = {
    events,
    own: new Map(),
    addedBy: new WeakMap(),
    capture: null,
    rejection: [],
    isForNode: false,
    running: undefined,
    added: () => undefined,
  };
  Object.defineProperty(process, HOLD, { value: hold });
  patchEmit(hold);
  patchCapture(hold);
  for (const signal of [...events.signals, ...events.signalsIfEnding]) {
    for (const listener of listenersOfNode(signal)) hold.addedBy.set(listener, null);
    bindAgain(signal);
  }
  watchListeners(hold);
  return hold;
}

function patchEmit(hold: Hold): void {
  const emit: Emit = process.emit;
  const patched: Emit = (event, ...args) => {
    if (typeof event !== 'string' || !isHeld(hold, event))
      return Reflect.apply(emit, process, [event, ...args]);
    if (event === EXCEPTION && hold.isForNode) return false;
    if (event === REJECTION) {
      // As if nobody listened: Node makes an uncaught exception of it, which is ours to handle.
      hold.rejection = args;
      return false;
    }
    const { running } = hold;
    // In plain Node a signal whose handlers have all removed themselves ends the process: some send it to themselves.
    if (running?.event === event && heldListeners(hold, event).length === 0) running.exit();
    const held = new Set(heldListeners(hold, event));
    for (const listener of process.rawListeners(event)) {
      if (!held.has(listener)) Reflect.apply(listener, process, args);
    }
    return true;
  };
  Reflect.set(process, 'emit', patched);
}

/** Only while we listen ourselves: before that nothing is served, and afterwards the process is not ours to end. */
function isHeld(hold: Hold, event: string): boolean {
  const ours = event === REJECTION ? EXCEPTION : event;
  return isExit(hold, event) && (hold.own.get(ours)?.size ?? 0) > 0;
}

function isExit({ events }: Hold, event: string): boolean {
  if (event === EXCEPTION || event === REJECTION) return true;
  return [...events.signals, ...events.signalsIfEnding].some((signal) => signal === event);
}

/** As they are called: a wrapper where it was `once()`. */
export function heldListeners(hold: Hold, event: string): readonly Listener[] {
  const own = hold.own.get(event);
  const visible = process.listeners(event as NodeJS.Signals) as readonly Listener[];
  const { signals, signalsIfEnding } = hold.events;
  const endings = signalsIfEnding.some((signal) => signal === event)
    ? new Set(signals.flatMap((signal) => process.listeners(signal) as readonly Listener[]))
    : null;
  return (process.rawListeners(event) as readonly Listener[]).filter((raw) => {
    const listener = originalOf(raw);
    if (own?.has(listener) === true || hold.addedBy.get(listener) === null) return false;
    // tsx hides its own from listeners(), and passes on by it that the signal has come: else it kills this process.
    return visible.includes(listener) && endings?.has(listener) !== false;
  });
}

function originalOf(raw: Listener): Listener {
  const listener: unknown = Reflect.get(raw, 'listener');
  return typeof listener === 'function' ? (listener as Listener) : raw;
}

/** Node calls the callback instead of the listeners. */
export function handlersOf(hold: Hold, event: string): readonly Listener[] {
  return event === EXCEPTION && hold.capture !== null ? [hold.capture] : heldListeners(hold, event);
}

/** What is told of them. */
export function heldIn(hold: Hold): readonly HeldHandler[] {
  const { signals, signalsIfEnding } = hold.events;
  const all = [...signals, ...signalsIfEnding, EXCEPTION, REJECTION].flatMap((event) =>
    isHeld(hold, event)
      ? handlersOf(hold, event).map((handler) => {
          const listener = originalOf(handler);
          return { event, by: hold.addedBy.get(listener) ?? namedOnly(listener) };
        })
      : [],
  );
  return [...new Map(all.map((handler) => [`${handler.event} ${handler.by}`, handler])).values()].slice(
    0,
    MAX_HELD,
  );
}

function namedOnly({ name }: Listener): string {
  return `${name === '' ? 'a function' : `the function ${name}`} that was there before`;
}

function patchCapture(hold: Hold): void {
  const set: SetCapture = process.setUncaughtExceptionCaptureCallback;
  const patched: SetCapture = (callback) => {
    // To be refused as Node does it: no function, or the second one.
    if (hold.capture !== null && callback !== null) set(() => undefined);
    try {
      set(callback);
    } finally {
      set(null);
    }
    hold.capture = callback;
    if (callback === null) return;
    hold.addedBy.set(callback, callerOf(patched) ?? namedOnly(callback));
    hold.added();
  };
  Reflect.set(process, 'setUncaughtExceptionCaptureCallback', patched);
  Reflect.set(process, 'hasUncaughtExceptionCaptureCallback', () => hold.capture !== null);
}

function watchListeners(hold: Hold): void {
  process.on('newListener', (event: string | symbol, listener: Listener) => {
    if (typeof event !== 'string' || hold.own.get(event)?.has(listener) === true || !isExit(hold, event))
      return;
    const by = addedBy();
    if (by !== undefined) hold.addedBy.set(listener, by);
    hold.added();
  });
  // removeAllListeners() removes ours, too; without one, Node would let the signal end the process. Before Node notices.
  process.prependListener('removeListener', (event: string | symbol, listener: Listener) => {
    if (typeof event !== 'string' || hold.own.get(event)?.has(listener) !== true) return;
    Reflect.apply(process.on, process, [event, listener]);
  });
}

/** For options of Node's own, such as a heap snapshot on a signal. They were added before any other code ran. */
function listenersOfNode(signal: NodeJS.Signals): readonly Listener[] {
  const options = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;
  const [reports = 'SIGUSR2'] = /--report-signal[= ](\w+)/.exec(options)?.slice(1) ?? [];
  const count = [
    new RegExp(`--heapsnapshot-signal[= ]${signal}\\b`).test(options),
    options.includes('--report-on-signal') && reports === signal,
  ].filter(Boolean).length;
  return (process.listeners(signal) as readonly Listener[]).slice(0, count);
}

/** Node takes process.emit as it is when the first listener for a signal is added, and that was before it was patched. */
function bindAgain(signal: NodeJS.Signals): void {
  const listeners = process.rawListeners(signal) as NodeJS.SignalsListener[];
  for (const listener of listeners) process.removeListener(signal, listener);
  for (const listener of listeners) process.on(signal, listener);
}
