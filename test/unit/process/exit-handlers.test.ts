// Exit handlers of others: the process seems to have them as ever, but they run when we say so, and then it ends.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { ROOT } from '../../helpers/installed.ts';

/** The build's: each program would have to compile src. */
const MODULE = path.join(ROOT, 'dist', 'process', 'exit-handlers.js');

const BEFORE = `
import process from 'node:process';
const { ExitHandlers, signalEvent } = await import(${JSON.stringify(MODULE)});
const EVENTS = { signals: ['SIGTERM', 'SIGINT'], signalsIfEnding: ['SIGUSR2'] };
const say = (...words) => console.log(...words);
const tick = () => new Promise((resolve) => setTimeout(resolve, 50));
/** Sends itself a signal, as the kernel delivers it. */
const send = async (signal) => {
  process.kill(process.pid, signal);
  await tick();
};
const hold = () => {
  const handlers = new ExitHandlers('hold', EVENTS);
  handlers.listen('SIGTERM', () => say('ours'));
  handlers.listen('SIGUSR2', () => say('ours'));
  return handlers;
};
const run = (handlers, event = signalEvent('SIGTERM'), options = {}) =>
  handlers.run(event, { exitCode: () => 0, withinMs: 60_000, failed: (error) => say('failed', error), ...options });
`;

interface Ended {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly signal: string | null;
}

/** Runs it in a process of its own: what is patched there is patched for good. */
function ended(program: string, execArgv: readonly string[] = []): Ended {
  const args = [...execArgv, '--input-type=module', '--eval', BEFORE + program];
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return { lines: stdout.split('\n').filter(Boolean), code: status, signal };
}

const clean = (...lines: readonly string[]): Ended => ({ lines, code: 0, signal: null });

suite('exit handlers of others', () => {
  test('added before and after: none is called by the signal; all are in the end, in their order, once', () => {
    const program = `
      process.once('SIGTERM', () => say('first'));
      const handlers = hold();
      process.on('SIGTERM', (signal, number) => say('second', signal, number));
      process.prependListener('SIGTERM', () => say('zeroth'));
      await send('SIGTERM');
      await send('SIGTERM');
      say('drained');
      await run(handlers);
    `;
    assert.deepEqual(
      ended(program),
      clean('ours', 'ours', 'drained', 'zeroth', 'first', 'second SIGTERM 15'),
    );
  });

  test('the app sees what it has added, and removes it as ever', () => {
    const program = `
      const before = process.listenerCount('SIGTERM');
      const handlers = hold();
      const ours = process.listenerCount('SIGTERM') - before;
      const one = () => say('one');
      const two = () => say('two');
      process.on('SIGTERM', one);
      process.once('SIGTERM', two);
      say(process.listenerCount('SIGTERM') - ours, process.listeners('SIGTERM').includes(two));
      process.removeListener('SIGTERM', one);
      process.off('SIGTERM', two);
      say(process.listenerCount('SIGTERM') - ours);
      await send('SIGTERM');
      await run(handlers);
      say('none was left');
      process.exit();
    `;
    assert.deepEqual(ended(program), clean('2 true', '0', 'ours', 'none was left'));
  });

  test('removeAllListeners() does not leave the signal to Node', () => {
    const program = `
      hold();
      process.removeAllListeners('SIGTERM');
      await send('SIGTERM');
    `;
    assert.deepEqual(ended(program), clean('ours'));
  });

  test('of a signal that does not end the process, only what listens to one that does is held', () => {
    const program = `
      hold();
      const closeAll = () => say('closing');
      for (const signal of ['SIGTERM', 'SIGUSR2']) process.on(signal, closeAll);
      process.on('SIGUSR2', () => say('reloading'));
      await send('SIGUSR2');
    `;
    assert.deepEqual(ended(program), clean('ours', 'reloading'));
  });

  test('before we listen, and when we do not any more, nothing is held', () => {
    const program = `
      const handlers = new ExitHandlers('hold', EVENTS);
      process.on('SIGTERM', () => say('theirs'));
      await send('SIGTERM');
      const stop = handlers.listen('SIGTERM', () => say('ours'));
      await send('SIGTERM');
      stop();
      await send('SIGTERM');
    `;
    assert.deepEqual(ended(program), clean('theirs', 'ours', 'theirs'));
  });

  test('what hides itself from listeners(), as the one of tsx does, runs at once', () => {
    const program = `
      const hidden = () => say('hidden');
      process.on('SIGTERM', hidden);
      const { listeners } = process;
      process.listeners = (event) => listeners.call(process, event).filter((listener) => listener !== hidden);
      hold();
      process.on('SIGTERM', () => say('theirs'));
      await send('SIGTERM');
    `;
    assert.deepEqual(ended(program), clean('hidden', 'ours'));
  });

  test('what Node listens for by itself runs at once', () => {
    const program = `
      process.on('SIGUSR2', () => say('theirs'));
      new ExitHandlers('hold', { signals: ['SIGUSR2'], signalsIfEnding: [] }).listen('SIGUSR2', () => say('ours'));
      process.emit('SIGUSR2', 'SIGUSR2');
      const { readdirSync, rmSync } = await import('node:fs');
      const written = readdirSync('.').filter((name) => name.startsWith('Heap.') && name.includes('.' + process.pid + '.'));
      for (const name of written) rmSync(name);
      say('snapshots', written.length);
      process.exit();
    `;
    assert.deepEqual(ended(program, ['--heapsnapshot-signal=SIGUSR2']), clean('ours', 'snapshots 1'));
  });

  test('left alone, they run at once', () => {
    const program = `
      const handlers = new ExitHandlers('leave', EVENTS);
      const { emit } = process;
      handlers.listen('SIGTERM', () => say('ours'));
      process.on('SIGTERM', () => say('theirs'));
      await send('SIGTERM');
      await run(handlers);
      say(process.emit === emit);
    `;
    assert.deepEqual(ended(program), clean('ours', 'theirs', 'true'));
  });

  for (const [what, handler, ours, code] of [
    ['exits with 0', 'process.exit(0)', 0, 0],
    ['exits with 0 after a failure', 'process.exit(0)', 1, 1],
    ['exits without a code after a failure', 'process.exit()', 1, 1],
    ['exits as the signal would', 'process.exit(143)', 0, 0],
    ['has an error to tell', 'process.exit(7)', 0, 7],
    ['does not exit', 'setTimeout(() => say("flushed"), 10)', 1, 1],
    ['never ends', 'setInterval(() => undefined, 1_000)', 1, 1],
    ['throws', 'throw "an error"', 0, 0],
    [
      'sends the signal to itself, and listens no more',
      'process.kill(process.pid, "SIGTERM"), setInterval(() => undefined, 1_000)',
      0,
      0,
    ],
  ] as const) {
    test(`one that ${what} -> code ${code}`, () => {
      const program = `
        const handlers = hold();
        process.once('SIGTERM', () => { ${handler} });
        // Node exits with 13 where this never settles.
        await run(handlers, undefined, { exitCode: () => ${ours}, withinMs: ${what === 'never ends' ? 100 : 60_000} });
      `;
      const { code: came, signal } = ended(program);
      assert.deepEqual([came, signal], [code, null]);
    });
  }

  test('listeners of beforeExit may begin something', () => {
    const program = `
      const handlers = hold();
      process.on('SIGTERM', () => say('theirs'));
      process.once('beforeExit', () => setTimeout(() => say('sent'), 10));
      await run(handlers);
    `;
    assert.deepEqual(ended(program), clean('theirs', 'sent'));
  });

  test('uncaught errors are ours, and theirs in the end, with what Node would call them with', () => {
    const program = `
      const handlers = hold();
      const events = [];
      handlers.listen('uncaughtException', (error, origin) => events.push(handlers.eventOf(error, origin)));
      process.on('uncaughtException', (error, origin) => say('exception', error.message, origin));
      setTimeout(() => { throw new Error('thrown'); });
      await tick();
      process.on('unhandledRejection', (reason, promise) => say('rejection', reason, promise instanceof Promise));
      Promise.reject('rejected');
      await tick();
      say(events.map(({ name }) => name));
      for (const event of events) {
        await Promise.race([run(handlers, event), tick()]);
        // As a process runs them only once.
        process[Symbol.for('fastify-clustered.exit-handlers')].running = undefined;
      }
    `;
    assert.deepEqual(
      ended(program),
      clean(
        "[ 'uncaughtException', 'unhandledRejection' ]",
        'exception thrown uncaughtException',
        'rejection rejected true',
      ),
    );
  });

  test('a capture callback is held, and refused as Node refuses it', () => {
    const program = `
      const handlers = hold();
      handlers.listen('uncaughtException', (error, origin) => {
        say('ours', error.message);
        void run(handlers, handlers.eventOf(error, origin), { exitCode: () => 1 });
      });
      const set = (callback) => {
        try {
          process.setUncaughtExceptionCaptureCallback(callback);
        } catch ({ code }) {
          say(code);
        }
      };
      set('no function');
      set(() => say('replaced'));
      set(null);
      say(process.hasUncaughtExceptionCaptureCallback());
      set((error) => say('theirs', error.message));
      set(() => undefined);
      say(process.hasUncaughtExceptionCaptureCallback());
      setTimeout(() => { throw new Error('thrown'); });
    `;
    assert.deepEqual(ended(program), {
      lines: [
        'ERR_INVALID_ARG_TYPE',
        'false',
        'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET',
        'true',
        'ours thrown',
        'theirs thrown',
      ],
      code: 1,
      signal: null,
    });
  });

  test('they are named by who added them; what Node itself adds is not', () => {
    const program = `
      const early = () => undefined;
      process.on('SIGTERM', early);
      const handlers = hold();
      handlers.listen('uncaughtException', () => undefined);
      await import('node:domain');
      process.on('uncaughtException', () => undefined);
      handlers.tell((held) => say(JSON.stringify(held)));
      process.once('SIGTERM', () => undefined);
      process.on('SIGWINCH', () => undefined);
      await tick();
    `;
    const { lines, code } = ended(program);
    assert.equal(code, 0);
    const told = lines.map((line) => JSON.parse(line));
    assert.equal(told.length, 2);
    assert.deepEqual(
      told[0].map(({ event }: { event: string }) => event),
      ['SIGTERM', 'uncaughtException'],
    );
    assert.equal(told[0][0].by, 'the function early that was there before');
    assert.match(told[0][1].by, /eval.*:\d+$/);
    assert.match(told[1][0].by, /eval.*:\d+$/);
  });
});
