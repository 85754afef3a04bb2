// workers: 0: the same app, hooks and signals, in one process.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { HUMAN_PAUSE_MS } from '../helpers/times.ts';

suite('single', () => {
  test('S72: the same app with the same hooks, SIGTERM -> nothing is lost', async (t) => {
    const service = await startSingle(t);
    assert.deepEqual(await state(service), { state: 'ready', readiness: true, role: 'single' });
    const { headers } = await service.get('/');
    assert.equal(headers['x-worker'], String(service.pid));
    const slow = service.get('/slow?ms=1000');
    await service.get('/');
    assert.equal(await service.stop(), 0);
    assert.equal((await slow).status, 200);
    for (const hook of ['signal aborted', 'onDrain ran', 'preClose ran', 'onClose ran'] as const) {
      assert.deepEqual(
        service.lines(hook).map(({ by }) => by),
        [service.pid],
        hook,
      );
    }
  });

  test('S72: SIGINT to the group -> exit 0, another signal later -> exit 1', async (t) => {
    const graceful = await startSingle(t);
    graceful.signalGroup('SIGINT');
    assert.equal((await graceful.ended).code, 0);
    const forced = await startSingle(t);
    const held = forced.get('/slow?ms=20000').catch((error: NodeJS.ErrnoException) => error.code);
    await forced.get('/');
    forced.signal('SIGTERM');
    await forced.seen('signal aborted');
    await setTimeout(HUMAN_PAUSE_MS);
    forced.signal('SIGTERM');
    assert.equal((await forced.ended).code, 1);
    assert.equal(await held, 'ECONNRESET');
  });

  test('S90: two signals at once -> one graceful shutdown', async (t) => {
    const service = await startSingle(t);
    const slow = service.get('/slow?ms=1000');
    await service.get('/');
    service.signal('SIGINT');
    service.signal('SIGTERM');
    assert.equal((await slow).status, 200);
    assert.equal((await service.ended).code, 0);
  });

  test('S72: SIGUSR2 and SIGHUP, which a single process cannot obey -> it serves on', async (t) => {
    const service = await startSingle(t);
    service.signal('SIGUSR2');
    service.signal('SIGHUP');
    assert.equal((await service.get('/')).status, 200);
    assert.equal((await service.get('/restart', { method: 'POST' })).status, 500);
    assert.equal(await service.stop(), 0);
  });

  test('S72: an uncaught error -> other requests are answered, exit 1', async (t) => {
    const service = await startSingle(t, { options: { shutdown: { idleMs: 100, graceMs: 2000 } } });
    const bystander = service.get('/slow?ms=1000');
    await service.get('/');
    const culprit = service.get('/throw').catch(() => 'lost');
    assert.equal((await bystander).status, 200);
    assert.equal(await culprit, 'lost');
    assert.equal((await service.ended).code, 1);
  });

  test('S72: close() -> it serves no more, and the process goes on', async (t) => {
    const service = await startSingle(t);
    await service.call('close');
    assert.equal(service.lines('onClose ran').length, 1);
    await assert.rejects(service.get('/'), { code: 'ECONNREFUSED' });
    assert.equal(service.child.exitCode, null);
  });

  test('S72: a boot that fails -> startClustered rejects with its own error, exit 1', async (t) => {
    const service = startService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'throw' },
      options: { workers: 0 },
    });
    assert.equal((await service.ended).code, 1);
    assert.match(service.stderr, /TypeError: this release is broken/);
  });
});

async function startSingle(
  t: Parameters<typeof startService>[0],
  { options }: ServiceOptions = {},
): Promise<Service> {
  const service = startService(t, {
    fixture: 'hooks.js',
    options: { ...options, workers: 0, listen: { port: 0, host: '127.0.0.1' } },
  });
  await service.seen('sockets bound');
  return service;
}

async function state(service: Service): Promise<unknown> {
  return JSON.parse((await service.get('/state')).body);
}
