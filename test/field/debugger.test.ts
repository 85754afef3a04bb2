// A service under a debugger: a worker that it holds is not killed, and each process has a port of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import process from 'node:process';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Debugger, debuggers, debuggersSeen } from '../helpers/debugger.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

/** The places that a debugger may come from. */
const PLACES: Readonly<Record<string, (option: string) => ServiceOptions>> = {
  'the option execArgv': (option) => ({ options: { execArgv: [option] } }),
  'the option env': (option) => ({ options: { env: { NODE_OPTIONS: `--no-warnings ${option}` } } }),
  "the primary's NODE_OPTIONS": (option) => ({ env: { NODE_OPTIONS: option } }),
  "the primary's flags": (option) => ({ execArgv: [option] }),
};

const BOOT_MS = 1_500;
/** Long enough for a worker to reach its breakpoint. */
const LONG_BOOT_MS = 5_000;
const WATCHDOG_MS = 1_000;

suite('a debugger', () => {
  for (const [place, from] of Object.entries(PLACES)) {
    for (const option of ['--inspect-brk=0', '--inspect-wait=0']) {
      test(`S71: ${option} by ${place} -> the worker waits for longer than boot.timeoutMs, then becomes ready`, async (t) => {
        const { options, ...rest } = from(option);
        const service = startService(t, {
          ...rest,
          options: { workers: 1, boot: { timeoutMs: BOOT_MS }, ...options },
        });
        const isOwn = place.startsWith('the primary');
        if (isOwn) await release(service, 1);
        // The time itself is tested: the worker has to be held for longer than it may take.
        await debuggersSeen(service, isOwn ? 2 : 1);
        await setTimeout(2 * BOOT_MS);
        assert.deepEqual(service.lines('worker killed'), []);
        await release(service, isOwn ? 2 : 1);
        await service.seen('all workers ready');
        assert.equal((await service.get('/')).status, 200);
        assert.equal(await service.stop(), 0);
      });
    }

    test(`S71: --inspect by ${place}; a breakpoint -> the worker is not killed as hung`, async (t) => {
      const { options, ...rest } = from('--inspect=0');
      const service = await startReadyService(t, { ...rest, options: { ...WATCHED, ...options } });
      const [worker] = await debuggersOf(service, await service.readyPid());
      assert.ok(worker !== undefined);
      await stopAndResume(service, worker);
    });

    test(`S71: --inspect by ${place} -> each process listens at a port of its own, over a rollout, too`, async (t) => {
      const first = await freePorts(6);
      const { options, ...rest } = from(`--inspect=${first}`);
      const service = await startReadyService(t, {
        ...rest,
        options: { workers: 2, rollout: { ...QUICK, maxSurge: 2 }, ...options },
      });
      await service.rollOut();
      await service.drained();
      const ports = debuggers(service).map(({ port }) => Number(port));
      const isOwn = place.startsWith('the primary');
      assert.deepEqual(
        ports.toSorted((a, b) => a - b),
        Array.from({ length: isOwn ? 5 : 4 }, (_, index) => first + index),
      );
      assert.equal(await service.stop(), 0);
    });
  }

  for (const [what, at, code, opened] of [
    [
      'the file of a --require in NODE_OPTIONS, as editors do',
      'the entry file',
      'const service =',
      { options: { env: { NODE_OPTIONS: `--require ${fixture('wait-for-debugger.cjs')}` } } },
    ],
    ['the entry file', 'buildApp', "import('./app.js')", { env: { OPEN_DEBUGGER: 'true' } }],
  ] as const satisfies readonly (readonly [string, string, string, ServiceOptions])[]) {
    test(`S71: a debugger that is opened by ${what}; a breakpoint in ${at} -> the worker is not killed as late`, async (t) => {
      const options = { workers: 1, boot: { timeoutMs: LONG_BOOT_MS } };
      const service = startService(t, {
        ...opened,
        fixture: 'debugged.js',
        options: 'options' in opened ? { ...options, ...opened.options } : options,
      });
      const [url] = await debuggersSeen(service, 1);
      assert.ok(url !== undefined);
      const attached = await Debugger.attach(url);
      await attached.post('Debugger.enable');
      await attached.post('Debugger.setBreakpointByUrl', {
        urlRegex: String.raw`/debugged\.js$`,
        lineNumber: lineOf('debugged.js', code),
      });
      const paused = attached.next('Debugger.paused');
      await attached.post('Runtime.runIfWaitingForDebugger');
      await paused;
      // The time itself is tested.
      await setTimeout(LONG_BOOT_MS);
      assert.deepEqual(service.lines('worker killed'), []);
      await attached.post('Debugger.resume');
      await attached.detach();
      await service.seen('all workers ready');
      assert.equal(await service.stop(), 0);
    });
  }

  for (const [how, open] of [
    ['SIGUSR1', (_service: Service, pid: number) => Promise.resolve(process.kill(pid, 'SIGUSR1'))],
    ['inspector.open()', (service: Service) => service.get('/debugger?open=true')],
  ] as const) {
    test(`S71: ${how} in a worker; a breakpoint -> it is not killed as hung; closed again -> the watchdog is back`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'debugged.js',
        // It opens nothing, but says where.
        options: { ...WATCHED, execArgv: ['--inspect-port=0'] },
      });
      const pid = await service.readyPid();
      assert.deepEqual(debuggers(service), []);
      await open(service, pid);
      const [url] = await debuggersSeen(service, 1);
      assert.ok(url !== undefined);
      await stopAndResume(service, url);

      await service.get('/debugger?open=false');
      // With the next heartbeat the primary knows: some have been sent when a timer that is so much longer has fired.
      await service.get(`/slow?ms=${WATCHDOG_MS / 2}`);
      const blocked = service.get('/block?ms=60000').catch(() => undefined);
      const killed = await service.seen('worker killed');
      assert.deepEqual([killed.worker?.pid, killed['cause']], [pid, 'watchdog']);
      await blocked;
    });
  }

  test('S71: a debugger stays attached while the service stops -> the deadline of the drain holds', async (t) => {
    const service = await startReadyService(t, {
      options: {
        ...WATCHED,
        execArgv: ['--inspect=0'],
        shutdown: { graceMs: 500, idleMs: 50 },
        closeMs: 500,
      },
    });
    const [url] = await debuggersSeen(service, 1);
    assert.ok(url !== undefined);
    const attached = await Debugger.attach(url);
    await attached.post('Debugger.enable');
    service.signal('SIGTERM');
    const killed = await service.seen('worker killed');
    assert.equal(killed['cause'], 'drain-timeout');
    assert.equal((await service.ended).code, 1);
  });

  test('S71: --inspect-port alone opens nothing -> the watchdog watches', async (t) => {
    const service = await startReadyService(t, { options: { ...WATCHED, execArgv: ['--inspect-port=0'] } });
    const blocked = service.get('/block?ms=60000').catch(() => undefined);
    assert.equal((await service.seen('worker killed'))['cause'], 'watchdog');
    await blocked;
  });
});

const WATCHED = { workers: 1, watchdog: { timeoutMs: WATCHDOG_MS } } as const;

/** Lets the process whose debugger was the nth to open run on. */
async function release(service: Service, nth: number): Promise<void> {
  const url = (await debuggersSeen(service, nth))[nth - 1];
  assert.ok(url !== undefined);
  const attached = await Debugger.attach(url);
  await attached.post('Debugger.enable');
  await attached.post('Runtime.runIfWaitingForDebugger');
  // It runs on, also from the first line, where --inspect-brk stops it.
  await attached.detach();
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** Counted from 0, as debuggers do. */
function lineOf(name: string, code: string): number {
  const index = fs
    .readFileSync(fixture(name), 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(code));
  assert.notEqual(index, -1);
  return index;
}

async function debuggersOf(service: Service, pid: number): Promise<readonly URL[]> {
  const urls = debuggers(service);
  const pids = await Promise.all(
    urls.map(async (url) => {
      const attached = await Debugger.attach(url);
      const own = await attached.evaluate('process.pid');
      await attached.detach();
      return own;
    }),
  );
  return urls.filter((_, index) => pids[index] === pid);
}

/** Holds a worker for longer than the watchdog allows. */
async function stopAndResume(service: Service, url: URL): Promise<void> {
  const attached = await Debugger.attach(url);
  await attached.post('Debugger.enable');
  // Heartbeats tell the primary of the debugger: some have been sent when a timer that is so much longer has fired.
  await attached.evaluate(`new Promise((resolve) => setTimeout(resolve, ${WATCHDOG_MS / 2}))`);
  const paused = attached.next('Debugger.paused');
  await attached.post('Debugger.pause');
  await paused;
  // The time itself is tested.
  await setTimeout(3 * WATCHDOG_MS);
  assert.deepEqual(service.lines('worker killed'), []);
  await attached.post('Debugger.resume');
  await attached.detach();
  assert.equal((await service.get('/')).status, 200);
}

/** The first of so many ports in a row that nothing listens at. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
