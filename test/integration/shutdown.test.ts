// The end: graceful, forced, in the middle of a boot, and for a whole process group at once.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { HUMAN_PAUSE_MS, QUICK, startReadyService, startService } from '../helpers/service.ts';

suite('shutdown', () => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const) {
    test(`S42: ${first}, then ${second}: forced, exit 1`, { timeout: 40_000 }, async (t) => {
      // Left to themselves, the workers would outlive this test.
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
    test(`S43: ${signal} to the whole process group is one graceful shutdown`, async (t) => {
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

    test(`S43: ${signal} to the whole process group while workers boot is one graceful shutdown`, async (t) => {
      const service = startService(t, { fixture: 'slow-import.js', env: { IMPORT_MS: '20000' } });
      await service.seen('importing', { count: 2 });
      service.signalGroup(signal);
      assert.equal((await service.ended).code, 0);
      assert.deepEqual(service.lines('worker crashed'), []);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  test('S43: SIGUSR2 to the whole process group is one rollout', async (t) => {
    const service = await startReadyService(t, { options: { rollout: QUICK } });
    const completed = service.next('rollout completed');
    service.signalGroup('SIGUSR2');
    await completed;
    assert.equal(service.lines('rollout started').length, 1);
    assert.deepEqual(service.lines('worker crashed'), []);
  });

  test('S43: SIGUSR2 to the whole process group while workers boot is one rollout', async (t) => {
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

  test('S44: SIGTERM while the imports of the workers still run: exit 0, no orphan', async (t) => {
    const service = startService(t, { fixture: 'slow-import.js', env: { IMPORT_MS: '20000' } });
    await service.seen('importing', { count: 2 });
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S44: SIGTERM while buildApp hangs: exit 0, no orphan', async (t) => {
    const service = startService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'hangAloud' },
      options: { closeMs: 300 },
    });
    await service.seen('hanging', { count: 2 });
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S40: during shutdown.delayMs readiness is 503, and new connections are still served', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, shutdown: { delayMs: 1500, idleMs: 100 } },
    });
    assert.equal((await service.get('/readyz')).status, 200);
    const leaving = service.next('about to stop');
    service.signal('SIGTERM');
    await leaving;
    // The message to the worker travels faster than a new connection, but not surely: both orders end in 503.
    let readiness = await service.get('/readyz');
    while (readiness.status === 200) readiness = await service.get('/readyz');
    assert.equal(readiness.status, 503);
    assert.deepEqual(JSON.parse(readiness.body), { status: 'leaving' });
    assert.equal((await service.get('/livez')).status, 200);
    assert.equal((await service.get('/')).status, 200);
    assert.equal((await service.ended).code, 0);
  });

  test('S40: all workers are killed during shutdown.delayMs -> who comes meanwhile is answered, and readiness stays 503', async (t) => {
    const service = await startReadyService(t, {
      // Longer than a test is waited for: all this has to come in it.
      options: { shutdown: { delayMs: 600_000 } },
    });
    const killed = await service.readyPids();
    const leaving = service.next('about to stop');
    service.signal('SIGTERM');
    await leaving;
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    // It may still be accepted by one that is dying; nobody else is there until one is respawned.
    await service.seen('worker crashed', { count: 2 });
    const answer = await service.get('/');
    assert.equal(answer.status, 200);
    assert.ok(!killed.includes(Number(answer.headers['x-worker'])));
    // It is told to leave as soon as the primary knows that it is ready; it may serve a moment before.
    let readiness = await service.get('/readyz');
    while (readiness.status === 200) readiness = await service.get('/readyz');
    assert.equal(readiness.status, 503);
    assert.deepEqual(JSON.parse(readiness.body), { status: 'leaving' });
    assert.ok(!killed.includes(Number(readiness.headers['x-worker'])));
    await service.seen('worker ready', { count: 4 });
    assert.equal(service.lines('worker crashed').length, 2);
    assert.equal(service.lines('worker forked').length, 4);
    await setTimeout(HUMAN_PAUSE_MS);
    service.signal('SIGTERM');
    assert.equal((await service.ended).code, 1);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S30, S40: nobody can be respawned during shutdown.delayMs -> it ends at once, and the exit code is 1', async (t) => {
    const service = await startReadyService(t, {
      options: {
        workers: 1,
        respawn: { maxEarlyExits: 1 },
        // Longer than a test is waited for.
        shutdown: { delayMs: 600_000 },
      },
    });
    const [pid] = await service.readyPids();
    const leaving = service.next('about to stop');
    service.signal('SIGTERM');
    await leaving;
    process.kill(pid ?? 0, 'SIGKILL');
    assert.equal((await service.ended).code, 1);
    assert.equal(service.lines('stopping')[0]?.['reason'], 'gave-up');
    assert.deepEqual(service.leftovers(), []);
  });

  test('S39: once nobody accepts any more, who comes is refused, and not kept waiting', async (t) => {
    const service = await startReadyService(t, { options: { workers: 1 } });
    let isOver = false;
    const slow = service.get('/slow?ms=4000').finally(() => {
      isOver = true;
    });
    await service.get('/');
    service.signal('SIGTERM');
    const newcomer = async (): Promise<string | undefined> =>
      service.get('/').then(
        () => 'answered',
        (error: NodeJS.ErrnoException) => error.code,
      );
    while ((await newcomer()) === 'answered');
    assert.equal(await newcomer(), 'ECONNREFUSED');
    assert.equal(isOver, false);
    assert.equal((await slow).status, 200);
    assert.equal((await service.ended).code, 0);
  });

  test('S45: onClose hooks run in every worker before it exits, and are awaited; so are onDrain hooks', async (t) => {
    const service = await startReadyService(t, { fixture: 'hooks.js' });
    const pids = await service.readyPids();
    assert.equal(await service.stop(), 0);
    for (const hook of ['signal aborted', 'onDrain ran', 'preClose ran', 'onClose ran']) {
      assert.deepEqual(new Set(service.lines(hook).map(({ by }) => by)), new Set(pids), hook);
    }
    // One that fails is told, and stops nothing.
    assert.equal(service.lines('onClose ran').length, 2);
  });

  test('S45: a worker that must leave while it boots runs them, too', async (t) => {
    const service = startService(t, {
      fixture: 'hooks.js',
      env: { BUILD_MS: '500' },
      options: { workers: 1 },
    });
    const { by } = await service.seen('building');
    assert.equal(await service.stop(), 0);
    const hooks = ['signal aborted', 'onDrain ran', 'late onDrain ran', 'preClose ran', 'onClose ran'];
    for (const hook of hooks) {
      assert.deepEqual(
        service.lines(hook).map((line) => line['by']),
        [by],
        hook,
      );
    }
    // There is no logger yet.
    await service.seenOnStderr(/this hook fails/);
  });

  test('S45: an onClose hook that takes longer than closeMs is not waited for, and the exit code is 1', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'hooks.js',
      env: { HOOK_MS: '20000' },
      options: { closeMs: 300, shutdown: { idleMs: 50, graceMs: 300 } },
    });
    assert.equal(await service.stop(), 1);
    assert.equal(service.lines('onClose ran').length, 0);
    assert.deepEqual(service.leftovers(), []);
  });

  test('a worker that is stopped (SIGSTOP) is killed at the deadline of the shutdown, and the exit code is 1', async (t) => {
    const service = await startReadyService(t, {
      options: { closeMs: 300, shutdown: { idleMs: 50, graceMs: 300 } },
    });
    const [stopped] = await service.readyPids();
    process.kill(stopped ?? 0, 'SIGSTOP');
    assert.equal(await service.stop(), 1);
    assert.equal((await service.seen('worker killed')).worker?.pid, stopped);
    assert.equal((await service.seen('stopped'))['reason'], 'timed-out');
    assert.deepEqual(service.leftovers(), []);
  });
});
