// The end of a process: the first cause wins, signals in quick succession are one request, a later one forces.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ExitHandlers } from '../../../src/process/exit-handlers.ts';
import { handleExit, heldEvents } from '../../../src/process/exit.ts';
import type { ExitCause, ProcessEnd } from '../../../src/process/exit.ts';

const SIGNAL = 'SIGQUIT';

suite('the end of the process', () => {
  test('a signal stops; what follows within the same moment is the same request; a later one forces, once', async (t) => {
    const { seen, signal, stopped, exited } = start(t);
    signal(1_000);
    signal(1_001);
    signal(1_499);
    assert.deepEqual(seen, [`stop ${SIGNAL}`]);
    signal(1_500);
    signal(3_000);
    assert.deepEqual(seen, [`stop ${SIGNAL}`, `force ${SIGNAL}`]);
    stopped();
    assert.equal(await exited, 0);
  });

  test('an uncaught error stops, and the exit code is 1; further ones change nothing', async (t) => {
    const { seen, fail, stopped, exited } = start(t);
    fail(new Error('first'));
    fail(new Error('second'));
    assert.deepEqual(seen, ['stop Error: first', 'again Error: second']);
    stopped();
    assert.equal(await exited, 1);
  });

  test('S84: that telling an error causes the next one does not go on for ever', async (t) => {
    const { seen, fail, stopped, exited } = start(t);
    for (let count = 0; count < 1_000; count += 1) fail(new Error('the log is broken'));
    assert.equal(seen.length, 1 + 100);
    stopped();
    assert.equal(await exited, 1);
  });

  test('the first signal after an uncaught error does not force', async (t) => {
    const { seen, signal, fail } = start(t);
    fail(new Error('first'));
    signal(10_000);
    assert.deepEqual(seen, ['stop Error: first']);
    signal(11_000);
    assert.deepEqual(seen, ['stop Error: first', `force ${SIGNAL}`]);
  });

  test('a stop that rejects: exit code 1', async (t) => {
    const { signal, stopped, exited } = start(t);
    signal(0);
    stopped(new Error('it did not stop cleanly'));
    assert.equal(await exited, 1);
  });

  test('end: as a signal does it', async (t) => {
    const { seen, end, stopped, exited } = start(t);
    end.end();
    end.end();
    assert.deepEqual(seen, ['stop requested']);
    stopped();
    assert.equal(await exited, 0);
  });

  test('uninstalled, it leaves no listener behind', (t) => {
    const listeners = (): readonly number[] =>
      ['SIGTERM', 'SIGINT', 'SIGHUP', SIGNAL, 'uncaughtException'].map((name) => process.listenerCount(name));
    const before = listeners();
    const { end } = start(t);
    assert.notDeepEqual(listeners(), before);
    end.uninstall();
    assert.deepEqual(listeners(), before);
  });
});

interface Started {
  readonly seen: readonly string[];
  readonly end: ProcessEnd;
  /** Settles with the exit code. */
  readonly exited: Promise<unknown>;
  /** As if it came at this time, in ms. */
  signal(at: number): void;
  /** As if nothing had caught it. */
  fail(error: Error): void;
  /** Settles the promise of `stop`. */
  stopped(error?: Error): void;
}

function start(t: TestContext): Started {
  const seen: string[] = [];
  let stopped: (error?: Error) => void = () => undefined;
  const stop = new Promise<void>((resolve, reject) => {
    stopped = (error) => (error === undefined ? resolve() : reject(error));
  });
  const exited = new Promise((resolve) => {
    t.mock.method(process, 'exit', resolve);
  });
  const end = handleExit({
    handlers: new ExitHandlers('leave', heldEvents()),
    closeMs: 1,
    stop(cause) {
      seen.push(`stop ${describe(cause)}`);
      return stop;
    },
    force: (signal) => seen.push(`force ${signal}`),
    failedAgain: (error) => seen.push(`again ${String(error)}`),
  });
  t.after(() => end.uninstall());
  // To emit it would reach the test runner, too.
  const onUncaught = process.listeners('uncaughtException').at(-1);
  return {
    seen,
    end,
    exited,
    stopped: (error) => stopped(error),
    signal(at) {
      const now = t.mock.method(performance, 'now', () => at);
      process.emit(SIGNAL, SIGNAL);
      now.mock.restore();
    },
    fail: (error) => onUncaught?.(error, 'uncaughtException'),
  };
}

function describe(cause: ExitCause): string {
  switch (cause.type) {
    case 'signal':
      return cause.signal;
    case 'error':
      return String(cause.error);
    case 'requested':
      return cause.type;
  }
}
