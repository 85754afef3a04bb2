// Shutdowns: graceful, forced, during a boot, and of a whole process group at once.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { HUMAN_PAUSE_MS, QUICK } from '../helpers/times.ts';

/** What fixtures/hooks.js prints, hook by hook. */
const HOOKS = ['signal aborted', 'onDrain ran', 'preClose ran', 'onClose ran'] as const;

suite('shutdown', () => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const) {
    test(`S42: ${first}, then ${second} -> a forced end, exit 1`, { timeout: 40_000 }, async (t) => {
      // Without the second signal the workers would outlive this test.
      const service = await startReadyService(t, { options: { shutdown: { graceMs: 90_000 } } });
      const held = service.get('/slow?ms=60000').catch((error: NodeJS.ErrnoException) => error.code);
      await service.get('/');
      const stopping = service.next('stopping');
      service.signal(first);
      await stopping;
      await setTimeout(HUMAN_PAUSE_MS);
      service.signal(second);
      assert.equal((await service.ended).code, 1);
      assert.equal(await held, 'ECONNRESET');
      assert.equal(service.lines('forced to stop').length, 1);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`S43: ${signal} to the whole process group -> one graceful shutdown`, async (t) => {
      const service = await startReadyService(t);
      const slow = service.get('/slow?ms=1000');
      await service.get('/');
      service.signalGroup(signal);
      assert.equal((await slow).status, 200);
      assert.equal((await service.ended).code, 0);
      assert.equal(service.lines('stopping').length, 1);
      assert.deepEqual(service.lines('worker crashed'), []);
      assert.deepEqual(service.leftovers(), []);
    });

    test(`S43: ${signal} to the whole process group while workers boot -> one graceful shutdown`, async (t) => {
      const service = startService(t, { fixture: 'slow-import.js', env: { IMPORT_MS: '20000' } });
      await service.seen('importing', { count: 2 });
      service.signalGroup(signal);
      assert.equal((await service.ended).code, 0);
      assert.deepEqual(service.lines('worker crashed'), []);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  test('S43: SIGUSR2 to the whole process group -> one rollout', async (t) => {
    const service = await startReadyService(t, { options: { rollout: QUICK } });
    const completed = service.next('rollout completed');
    service.signalGroup('SIGUSR2');
    await completed;
    assert.equal(service.lines('rollout started').length, 1);
    assert.deepEqual(service.lines('worker crashed'), []);
  });

  test('S43: SIGUSR2 to the whole process group while workers boot -> one rollout', async (t) => {
    const service = startService(t, {
      fixture: 'slow-import.js',
      env: { IMPORT_MS: '1000' },
      options: { rollout: QUICK },
    });
    await service.seen('importing', { count: 2 });
    service.signalGroup('SIGUSR2');
    await service.seen('rollout completed');
    await service.seen('all workers ready');
    assert.equal(service.lines('rollout started').length, 1);
    assert.deepEqual(service.lines('worker crashed'), []);
  });

  test('S44: SIGTERM while workers run their imports -> exit 0, no process left', async (t) => {
    const service = startService(t, { fixture: 'slow-import.js', env: { IMPORT_MS: '20000' } });
    await service.seen('importing', { count: 2 });
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.leftovers(), []);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`S102: ${signal} to the whole process group while the processes of workers start -> exit 0, no crash`, async (t) => {
      for (const afterMs of [0, 20, 40, 60, 80, 120]) {
        const service = startService(t, { options: { workers: 2 } });
        await service.seen('sockets bound');
        await setTimeout(afterMs);
        service.signalGroup(signal);
        assert.equal((await service.ended).code, 0, service.story());
        assert.deepEqual(service.lines('worker crashed'), [], service.story());
        const errors = service.lines('worker exited').filter(({ level }) => Number(level) > 40);
        assert.deepEqual(errors, [], service.story());
        assert.deepEqual(service.leftovers(), []);
      }
    });
  }

  test('S44: SIGTERM while buildApp hangs -> exit 0, no process left', async (t) => {
    const service = startService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'hangAloud' },
      options: { closeMs: 300 },
    });
    await service.seen('hanging', { count: 2 });
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S40: during shutdown.delayMs -> readiness is 503, and new connections are served', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, shutdown: { delayMs: 1500, idleMs: 100 } },
    });
    assert.equal((await service.get('/readyz')).status, 200);
    const leaving = service.next('about to stop');
    service.signal('SIGTERM');
    await leaving;
    await unready(service);
    assert.equal((await service.get('/livez')).status, 200);
    assert.equal((await service.get('/')).status, 200);
    assert.equal((await service.ended).code, 0);
  });

  test('S40: all workers are killed during shutdown.delayMs -> new connections are answered, and readiness stays 503', async (t) => {
    const service = await startReadyService(t, {
      // Longer than the test waits: all this has to happen before it is over.
      options: { shutdown: { delayMs: 600_000 } },
    });
    const killed = await service.readyPids();
    const leaving = service.next('about to stop');
    service.signal('SIGTERM');
    await leaving;
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    // Only after both exits is a connection sure to reach a respawned worker.
    await service.seen('worker crashed', { count: 2 });
    const answer = await service.get('/');
    assert.equal(answer.status, 200);
    assert.ok(!killed.includes(Number(answer.headers['x-worker'])));
    assert.ok(!killed.includes(await unready(service)));
    await service.seen('worker ready', { count: 4 });
    assert.equal(service.lines('worker crashed').length, 2);
    assert.equal(service.lines('worker forked').length, 4);
    await setTimeout(HUMAN_PAUSE_MS);
    service.signal('SIGTERM');
    assert.equal((await service.ended).code, 1);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S30, S40: no worker can be respawned during shutdown.delayMs -> it ends at once, exit 1', async (t) => {
    const service = await startReadyService(t, {
      options: {
        workers: 1,
        respawn: { maxEarlyExits: 1 },
        // Longer than the test waits.
        shutdown: { delayMs: 600_000 },
      },
    });
    const pid = await service.readyPid();
    const leaving = service.next('about to stop');
    service.signal('SIGTERM');
    await leaving;
    process.kill(pid, 'SIGKILL');
    assert.equal((await service.ended).code, 1);
    assert.equal(service.lines('stopping')[0]?.['reason'], 'gave-up');
    assert.deepEqual(service.leftovers(), []);
  });

  test('S39: SIGTERM while a request is in flight -> new connections are refused, not kept waiting', async (t) => {
    const service = await startReadyService(t, { options: { workers: 1 } });
    let isOver = false;
    const slow = service.get('/slow?ms=4000').finally(() => {
      isOver = true;
    });
    await service.get('/');
    service.signal('SIGTERM');
    const connectAnew = async (): Promise<string | undefined> =>
      service.get('/').then(
        () => 'answered',
        (error: NodeJS.ErrnoException) => error.code,
      );
    while ((await connectAnew()) === 'answered');
    assert.equal(await connectAnew(), 'ECONNREFUSED');
    assert.equal(isOver, false);
    assert.equal((await slow).status, 200);
    assert.equal((await service.ended).code, 0);
  });

  test('S45: onClose and onDrain hooks -> they run in every worker, and it awaits them before it exits', async (t) => {
    const service = await startReadyService(t, { fixture: 'hooks.js' });
    const pids = await service.readyPids();
    assert.equal(await service.stop(), 0);
    for (const hook of HOOKS) {
      assert.deepEqual(new Set(service.lines(hook).map(({ by }) => by)), new Set(pids), hook);
    }
    // A failing hook before them did not stop them.
    assert.equal(service.lines('onClose ran').length, 2);
  });

  test('S45: SIGTERM while a worker boots -> its hooks run, too', async (t) => {
    const service = startService(t, {
      fixture: 'hooks.js',
      env: { BUILD_MS: '500' },
      options: { workers: 1 },
    });
    const { by } = await service.seen('building');
    assert.equal(await service.stop(), 0);
    for (const hook of [...HOOKS, 'late onDrain ran'] as const) {
      assert.deepEqual(
        service.lines(hook).map((line) => line['by']),
        [by],
        hook,
      );
    }
    // There was no logger yet when the hook failed.
    await service.seenOnStderr(/this hook fails/);
  });

  test('S45: an onClose hook that takes longer than closeMs -> it is cut off, exit 1', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'hooks.js',
      env: { HOOK_MS: '20000' },
      options: { closeMs: 300, shutdown: { idleMs: 50, graceMs: 300 } },
    });
    assert.equal(await service.stop(), 1);
    assert.equal(service.lines('onClose ran').length, 0);
    assert.deepEqual(service.leftovers(), []);
  });

  test('a worker is stopped (SIGSTOP) during a shutdown -> it is killed at the deadline, exit 1', async (t) => {
    const service = await startReadyService(t, {
      options: { closeMs: 300, shutdown: { idleMs: 50, graceMs: 300 } },
    });
    const stopped = await service.readyPid();
    process.kill(stopped, 'SIGSTOP');
    assert.equal(await service.stop(), 1);
    assert.equal((await service.seen('worker killed')).worker?.pid, stopped);
    assert.equal((await service.seen('stopped'))['reason'], 'timed-out');
    assert.deepEqual(service.leftovers(), []);
  });
});

/**
 * Asks until readiness is 503, and gives the pid of the worker that said so. A worker may answer 200 for a moment: the
 * message of the primary and a new connection can reach it in either order.
 */
async function unready(service: Service): Promise<number> {
  let readiness = await service.get('/readyz');
  while (readiness.status === 200) readiness = await service.get('/readyz');
  assert.equal(readiness.status, 503);
  assert.deepEqual(JSON.parse(readiness.body), { status: 'leaving' });
  return Number(readiness.headers['x-worker']);
}
