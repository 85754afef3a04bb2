// Packages that end the process by themselves, as users have them: everything in flight is answered, then they run.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions, TestContext } from '../helpers/service.ts';
import { ENDLESS, HUMAN_PAUSE_MS, QUICK } from '../helpers/times.ts';

/** Names of kinds in fixtures/exit-handlers-of.js, by the place that adds them. */
interface Handlers {
  readonly app?: string;
  readonly entry?: string;
  readonly primary?: string;
  /** By --import, in primary and workers. */
  readonly imported?: string;
  /** The same, by NODE_OPTIONS: in a worker these run even before what the primary hands over. */
  readonly nodeOptions?: string;
}

const IMPORT = fileURLToPath(new URL('../fixtures/exit-handlers-import.js', import.meta.url));
const TSX = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));
/** Whoever is not root may be it in a namespace of its own. */
const AS_ROOT = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const SLOW_MS = 1_000;
const IN_FLIGHT = 6;

function describeService(
  { imported, nodeOptions, ...places }: Handlers,
  { options, env, ...rest }: ServiceOptions = {},
): ServiceOptions {
  return {
    fixture: 'exit-handlers.js',
    options: { rollout: QUICK, ...options },
    execArgv: imported === undefined ? [] : ['--import', IMPORT],
    ...rest,
    env: {
      HANDLERS: JSON.stringify(places),
      IMPORTED: imported ?? nodeOptions,
      NODE_OPTIONS: nodeOptions === undefined ? undefined : `--import=${IMPORT}`,
      OTEL_SDK_DISABLED: undefined,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      ...env,
    },
  };
}

const start = (t: TestContext, handlers: Handlers, options?: ServiceOptions): Promise<Service> =>
  startReadyService(t, describeService(handlers, options));

/** Requests that the app works on, of as many clients. */
async function inFlight(service: Service, path = `/slow?ms=${SLOW_MS}`): Promise<Promise<number[]>[]> {
  const already = service.lines('requested').length;
  const answers = Array.from({ length: IN_FLIGHT }, () => service.get(path).then(({ status }) => [status]));
  await service.seen('requested', { count: already + IN_FLIGHT });
  return answers;
}

async function assertAnswered(answers: readonly Promise<number[]>[]): Promise<void> {
  assert.deepEqual(
    (await Promise.all(answers)).flat(),
    answers.map(() => 200),
  );
}

/** What was flushed, by whom, in alphabetical order. */
const flushed = (service: Service, by?: number | null): readonly string[] =>
  service
    .lines('flushed')
    .filter((line) => by === undefined || line['by'] === by)
    .map((line) => String(line['of']))
    .toSorted();

function assertClean(service: Service): void {
  const exits = service.lines('worker exited').map((line) => [line['code'], line['expected']]);
  assert.ok(
    exits.every(([code, expected]) => code === 0 && expected === true),
    service.story(),
  );
  for (const msg of ['worker crashed', 'worker killed', 'worker failing', 'forced to stop'] as const)
    assert.deepEqual(service.lines(msg), []);
  assert.deepEqual(service.leftovers(), []);
}

const toGroup = (service: Service): void => service.signalGroup('SIGTERM');
const toPrimary = (service: Service): void => service.signal('SIGTERM');
/** As a wrapper and a group deliver it. */
function interruptTwice(service: Service): void {
  service.signalGroup('SIGINT');
  service.signal('SIGINT');
}

suite('exit handlers of others', () => {
  for (const [where, handlers, each, byPrimary] of [
    ['close-with-grace in the app', { app: 'close-with-grace' }, 1, 0],
    ['terminus in the app', { app: 'terminus' }, 1, 0],
    ['OpenTelemetry by --import', { imported: 'opentelemetry' }, 1, 1],
    ['OpenTelemetry by NODE_OPTIONS', { nodeOptions: 'opentelemetry' }, 1, 1],
    ['close-with-grace in the entry of the primary', { primary: 'close-with-grace' }, 0, 1],
    ['all of them', { app: 'terminus', entry: 'close-with-grace', primary: 'opentelemetry' }, 1, 1],
  ] as const satisfies readonly (readonly [string, Handlers, number, number])[]) {
    for (const [how, end] of [
      ['SIGTERM to the group', toGroup],
      ['SIGTERM to the primary', toPrimary],
      ['SIGINT twice by wrappers', interruptTwice],
    ] as const) {
      test(`S89, S90: ${where}, ${how} -> all in flight is answered, then they run, exit 0`, async (t) => {
        const service = await start(t, handlers);
        const answers = await inFlight(service);
        end(service);
        await assertAnswered(answers);
        assert.equal((await service.ended).code, 0, service.story());
        assertClean(service);
        for (const { worker } of service.lines('worker ready'))
          assert.ok(flushed(service, worker?.pid).length >= each, service.story());
        assert.equal(flushed(service, service.pid).length, byPrimary);
        assert.equal(service.lines('worker forked').length, 2);
        for (const [index, line] of service.log.entries())
          if (line.msg === 'flushed') assertAfterClose(service, index);
      });
    }
  }

  test('S89: SIGTERM to one worker -> its successor is ready before it drains, then its handlers run, exit 0', async (t) => {
    const service = await start(t, { app: 'terminus', entry: 'close-with-grace', imported: 'opentelemetry' });
    const pid = await service.readyPid();
    const answers = await inFlight(service);
    process.kill(pid, 'SIGTERM');
    await service.seen('worker ready', { count: 3 });
    assert.deepEqual(flushed(service), []);
    await assertAnswered(answers);
    assert.equal((await service.exited(pid))['code'], 0);
    assert.ok(flushed(service, pid).length >= 1);
    assert.deepEqual(flushed(service), flushed(service, pid));
    assert.equal(await service.stop(), 0);
    assertClean(service);
  });

  for (const [what, handlers, path, error] of [
    [
      'Sentry, which exits after an uncaught error',
      { app: 'sentry' },
      '/throw',
      'thrown outside of the request',
    ],
    ['Sentry by --import', { imported: 'sentry' }, '/throw', 'thrown outside of the request'],
    ['close-with-grace', { app: 'close-with-grace' }, '/throw', 'thrown outside of the request'],
    ['a capture callback', { app: 'capture' }, '/throw', 'thrown outside of the request'],
    ['a listener beside domain', { app: 'domain' }, '/throw', 'thrown outside of the request'],
    ['a tracker of rejections', { app: 'tracker' }, '/reject', 'Error: rejected outside of the request'],
  ] as const satisfies readonly (readonly [string, Handlers, string, string])[]) {
    test(`S89, S32: ${what} -> all in flight is answered, then they run with the error, exit 1`, async (t) => {
      // What never exits by itself would wait for that long.
      const service = await start(t, handlers, {
        options: { workers: 1, respawn: { minUptimeMs: 0 }, closeMs: 600_000 },
      });
      const pid = await service.readyPid();
      const answers = await inFlight(service);
      service.get(path).catch(() => undefined);
      await service.seen('worker failing');
      await service.seen('worker ready', { count: 2 });
      await assertAnswered(answers);
      const exited = await service.exited(pid);
      assert.deepEqual([exited['code'], exited['expected']], [1, true]);
      const told = service.lines('flushed').map((line) => [line['by'], line['error']]);
      assert.deepEqual(told, [[pid, error]], service.story());
      if (handlers.app === 'tracker') assert.equal(service.lines('flushed')[0]?.['isPromise'], true);
      assert.equal(service.lines('worker failing').length, 1);
      assert.equal(await service.stop(), 0);
      assert.deepEqual(service.lines('worker crashed'), []);
    });
  }

  const ways = ['at once', 'in a rejection', 'in buildApp'];
  for (const [what, handlers, hows] of [
    ['Sentry in the entry', { entry: 'sentry' }, ways],
    ['Sentry by --import', { imported: 'sentry' }, ['at once']],
    ['Sentry by NODE_OPTIONS', { nodeOptions: 'sentry' }, ['at once']],
    ['a tracker of rejections', { entry: 'tracker' }, ways],
    ['domain', { entry: 'domain' }, ways],
    ['a capture callback', { entry: 'capture' }, ways],
  ] as const satisfies readonly (readonly [string, Handlers, readonly string[]])[]) {
    for (const how of hows) {
      test(`S92: a release throws ${how} while it loads, ${what} -> aborted at once, with its own error`, async (t) => {
        const flag = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')), 'flag');
        t.after(() => fs.rmSync(path.dirname(flag), { recursive: true }));
        const service = await start(t, handlers, {
          // A worker that is not heard of would keep the rollout up for that long.
          options: { workers: 1, boot: { timeoutMs: 600_000 } },
          env: { BREAK_IF: flag },
        });
        fs.writeFileSync(flag, how);
        const result = await service.restart();
        assert.equal(result.outcome === 'aborted' && result.reason, 'boot-failed');
        const failing = await service.seen('worker failing');
        assert.equal(failing.err?.message, 'this release does not load');
        const { worker } = failing;
        assert.equal((await service.exited(worker?.pid))['code'], 1);
        // The tracker listens to rejections only. Node tells of an error that ends the loading as of one, or not.
        if (handlers.entry !== 'tracker')
          assert.equal(flushed(service, worker?.pid).length, 1, service.story());
        assert.equal(await service.stop(), 0);
        assert.deepEqual(service.lines('worker killed'), []);
      });
    }
  }

  test('S102: SIGTERM to every process, the workers first -> no successor is forked', async (t) => {
    const service = await start(t, {});
    const pids = await service.readyPids();
    const answers = await inFlight(service);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    // Time for the primary to read what they send at once. They may take longer: then nothing was tested.
    await service.status();
    service.signal('SIGTERM');
    await assertAnswered(answers);
    assert.equal((await service.ended).code, 0);
    assert.equal(service.lines('worker forked').length, 2);
    assertClean(service);
  });

  test('S89: SIGUSR2, while close-with-grace in the primary takes it for an end -> the service rolls', async (t) => {
    const service = await start(t, { primary: 'close-with-grace usr2', app: 'usr2' });
    const completed = service.next('rollout completed');
    service.signalGroup('SIGUSR2');
    await completed;
    // A listener of the primary that is for nothing else has run, and those of the workers never do.
    assert.deepEqual(flushed(service, service.pid), ['usr2']);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(flushed(service), ['close-with-grace', 'usr2']);
  });

  for (const [what, handler] of [
    ['exits as the signal would', 'shell'],
    ['removes itself and sends the signal again', 'again'],
  ] as const) {
    test(`S89: a handler that ${what} -> exit 0, at once`, async (t) => {
      const handlers = { app: handler, primary: handler };
      const service = await start(t, handlers, { options: { closeMs: 600_000 } });
      assert.equal(await service.stop(), 0);
      assertClean(service);
      assert.deepEqual(flushed(service), [handler, handler, handler]);
    });
  }

  test('S89: a handler that never exits -> the process does after closeMs, exit 0', async (t) => {
    const service = await start(t, { app: 'endless', primary: 'endless' }, { options: { closeMs: 500 } });
    assert.equal(await service.stop(), 0);
    assertClean(service);
    assert.equal(flushed(service).length, 3);
  });

  test('S89: a handler that never exits, but leaves nothing to do -> the process exits at once', async (t) => {
    const service = await start(t, { app: 'quiet', primary: 'quiet' }, { options: { closeMs: 600_000 } });
    // The channel to this test would keep the primary alive.
    await service.call('unref');
    assert.equal(await service.stop(), 0);
    assertClean(service);
    assert.deepEqual(flushed(service), ['quiet', 'quiet', 'quiet']);
  });

  test('S89: a handler that throws -> it is told, and the others run', async (t) => {
    const service = await start(t, { app: 'throwing shell' }, { options: { workers: 1 } });
    assert.equal(await service.stop(), 1);
    assert.equal((await service.seen('worker failing')).err?.message, 'this handler fails');
    assert.deepEqual(flushed(service), ['shell', 'throwing']);
  });

  test('S89: one that removes every listener -> signals and errors are handled as ever', async (t) => {
    const service = await start(t, { app: 'removing', primary: 'close-with-grace' });
    const answers = await inFlight(service);
    const pid = await service.readyPid();
    const completed = service.next('rollout completed');
    service.signalGroup('SIGUSR2');
    await completed;
    await assertAnswered(answers);
    await service.exited(pid);
    service.get('/throw').catch(() => undefined);
    await service.seen('worker failing');
    service.signalGroup('SIGTERM');
    await service.ended;
    assert.deepEqual(service.lines('worker crashed'), []);
  });

  test('S89: a person forces the end -> nobody waits for handlers', async (t) => {
    const service = await start(
      t,
      { app: 'endless', primary: 'endless' },
      {
        // The handlers of a worker without a request in flight would run at once.
        options: { workers: 1, closeMs: 600_000, shutdown: ENDLESS },
      },
    );
    const cut = await inFlight(service, '/slow?ms=600000');
    for (const answer of cut) answer.catch(() => undefined);
    service.signal('SIGINT');
    await service.seen('stopping');
    await setTimeout(HUMAN_PAUSE_MS);
    service.signal('SIGINT');
    assert.equal((await service.ended).code, 1);
    assert.deepEqual(flushed(service), []);
  });

  test('S89: what is held back is named, once for each release', async (t) => {
    const service = await start(t, {
      app: 'terminus close-with-grace',
      primary: 'close-with-grace',
      imported: 'opentelemetry',
    });
    assert.equal((await service.restart()).outcome, 'completed');
    await service.seen('exit handlers held back', { count: 3 });
    const [workers, primary] = [
      service.lines('exit handlers held back').filter((line) => 'generation' in line),
      service.lines('exit handlers held back').filter((line) => !('generation' in line)),
    ];
    assert.deepEqual(
      workers.map(({ generation }) => generation),
      [1, 2],
    );
    const named = JSON.stringify(workers[0]);
    assert.match(named, /"event":"SIGTERM","by":"[^"]*\/@godaddy\/terminus\/lib\/terminus\.js:\d+"/);
    assert.match(named, /"event":"uncaughtException","by":"[^"]*\/close-with-grace\/index\.js:\d+"/);
    assert.match(named, /"event":"SIGTERM","by":"[^"]*\/exit-handlers-of\.js:\d+"/);
    assert.match(
      JSON.stringify(primary),
      /"event":"SIGTERM","by":"the function onSignal that was there before"/,
    );
    assert.equal(primary.length, 1);
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('exit handlers held back').length, 3);
  });

  test("exitHandlers: 'leave' -> they run at once", async (t) => {
    const service = await start(t, { app: 'shell' }, { options: { exitHandlers: 'leave' } });
    const pid = await service.readyPid();
    process.kill(pid, 'SIGTERM');
    const crashed = await service.seen('worker crashed');
    assert.deepEqual([crashed.worker?.pid, crashed['code']], [pid, 143]);
    await service.seen('worker ready', { count: 3 });
    assert.deepEqual(service.lines('exit handlers held back'), []);
    await service.stop();
  });

  for (const [how, end] of [
    ['a signal', toPrimary],
    ['an uncaught error', (service) => void service.get('/throw').catch(() => undefined)],
  ] as const satisfies readonly (readonly [string, (service: Service) => void])[]) {
    test(`S89, S72: one process, workers: 0, ${how} -> all in flight is answered, then they run`, async (t) => {
      const handlers = { app: 'terminus sentry close-with-grace' };
      const service = startService(t, describeService(handlers, { options: { workers: 0 } }));
      await service.seen('sockets bound');
      const answers = await inFlight(service);
      end(service);
      await assertAnswered(answers);
      const { code } = await service.ended;
      assert.equal(code, end === toPrimary ? 0 : 1, service.story());
      assert.ok(flushed(service).length >= 1);
      assertClosedFirst(service);
    });
  }

  test('S89: the primary as PID 1, OpenTelemetry by --import -> all in flight is answered, then it runs', async (t) => {
    const handlers = { imported: 'opentelemetry', primary: 'close-with-grace' };
    const service = await start(t, handlers, {
      command: (words) => ['unshare', ...AS_ROOT, '--fork', '--pid', '--kill-child', ...words],
    });
    const answers = await inFlight(service);
    const children = fs.readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8');
    process.kill(Number.parseInt(children, 10), 'SIGTERM');
    await assertAnswered(answers);
    assert.equal((await service.ended).code, 0);
    assertClean(service);
    assert.ok(flushed(service, 1).length >= 1);
  });

  for (const [how, end] of [
    ['SIGINT to its group', (service) => service.signalGroup('SIGINT')],
    ['SIGTERM to tsx', toPrimary],
  ] as const satisfies readonly (readonly [string, (service: Service) => void])[]) {
    test(`S89, S90: tsx, which waits for its child to tell of the signal, ${how} -> all in flight is answered, exit 0`, async (t) => {
      const service = await start(
        t,
        { app: 'close-with-grace' },
        {
          command: ([node = '', ...words]) => [node, TSX, ...words],
        },
      );
      const answers = await inFlight(service);
      end(service);
      await assertAnswered(answers);
      assert.equal((await service.ended).code, 0);
      assertClean(service);
    });
  }
});

/** The app was closed before: its drain was over. */
function assertAfterClose(service: Service, index: number): void {
  const by = service.log[index]?.['by'];
  const before = service.log.slice(0, index);
  const isWorker = service.lines('worker ready').some(({ worker }) => worker?.pid === by);
  const closed = before.filter(({ msg }) => msg === 'onClose ran').map((line) => line['by']);
  if (isWorker) assert.ok(closed.includes(by), service.story());
  else assert.equal(closed.length, 2, service.story());
}

function assertClosedFirst(service: Service): void {
  const order = service.log.map(({ msg }) => msg).filter((msg) => msg === 'onClose ran' || msg === 'flushed');
  assert.equal(order[0], 'onClose ran');
}
