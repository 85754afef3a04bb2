// The plugin: without startClustered, as in an app's own tests, and with the context of a worker.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fastify from 'fastify';
import { MutableContext } from '../../src/app/context.ts';
import { clustered } from '../../src/plugin.ts';

suite('plugin', () => {
  test('S68: without startClustered the context has the role single', async () => {
    const app = fastify();
    await app.register(clustered);
    await app.ready();
    const { role, slot, generation, state, readiness } = app.clustered;
    assert.deepEqual(
      { role, slot, generation, state, readiness },
      {
        role: 'single',
        slot: 0,
        generation: 1,
        state: 'ready',
        readiness: true,
      },
    );
    const status = await app.clustered.status();
    assert.deepEqual([status.phase, status.size, status.workers[0]?.state], ['running', 1, 'ready']);
    await assert.rejects(app.clustered.restart(), { code: 'FST_CLUSTERED_SINGLE' });
    await app.close();
  });

  test('S68: closing the app aborts the signal and runs onDrain hooks, which may fail', async () => {
    const app = fastify();
    await app.register(clustered);
    const seen: string[] = [];
    app.clustered.onDrain(() => void seen.push('sync'));
    app.clustered.onDrain(async () => void seen.push('async'));
    app.clustered.onDrain(() => {
      throw new Error('this hook fails');
    });
    await app.ready();
    assert.equal(app.clustered.signal.aborted, false);
    await app.close();
    assert.equal(app.clustered.signal.aborted, true);
    assert.equal(app.clustered.state, 'draining');
    assert.deepEqual(seen, ['sync', 'async']);
    const late = new Promise<void>((resolve) => app.clustered.onDrain(resolve));
    await late;
  });

  test('S68: health routes are opt-in, and their names can be set', async () => {
    const without = fastify();
    await without.register(clustered);
    assert.equal((await without.inject('/livez')).statusCode, 404);
    const app = fastify();
    await app.register(clustered, { health: { readyz: '/ready' } });
    assert.equal((await app.inject('/livez')).statusCode, 200);
    assert.equal((await app.inject('/readyz')).statusCode, 404);
    const ready = await app.inject('/ready');
    assert.deepEqual([ready.statusCode, ready.json()], [200, { status: 'ok' }]);
  });

  test('readiness is the fleet’s: 200 in a drain of this worker alone, 503 once the service is about to stop', async () => {
    const worker = new MutableContext({
      role: 'worker',
      slot: 1,
      generation: 2,
      status: () => Promise.reject(new Error('not called')),
      restart: () => Promise.reject(new Error('not called')),
      broadcast: () => true,
      addServer: () => () => undefined,
      listen: async () => undefined,
    });
    const app = fastify();
    await app.register(clustered, { worker, health: true });
    const readyz = async (): Promise<unknown[]> => {
      const { statusCode, body } = await app.inject('/readyz');
      return [statusCode, JSON.parse(body)];
    };
    assert.deepEqual(await readyz(), [503, { status: 'booting' }]);
    worker.markReady();
    assert.deepEqual(await readyz(), [200, { status: 'ok' }]);
    worker.markLeaving();
    assert.deepEqual(await readyz(), [503, { status: 'leaving' }]);
    assert.equal((await app.inject('/livez')).statusCode, 200);

    const successor = new MutableContext({
      role: 'worker',
      slot: 1,
      generation: 3,
      status: worker.status,
      restart: worker.restart,
      broadcast: () => true,
      addServer: () => () => undefined,
      listen: async () => undefined,
    });
    const other = fastify();
    await other.register(clustered, { worker: successor, health: true });
    successor.markReady();
    await successor.startDraining(assert.ifError);
    assert.equal((await other.inject('/readyz')).statusCode, 200);
  });

  test('S108: without startClustered the process leads once it listens, until it closes; not in a test with inject', async () => {
    const injected = fastify();
    await injected.register(clustered);
    injected.get('/', async () => injected.clustered.leader);
    assert.equal((await injected.inject('/')).body, 'false');

    const app = fastify();
    await app.register(clustered);
    const seen: string[] = [];
    app.clustered.onLeader((signal) => {
      seen.push('leads');
      signal.addEventListener('abort', () => seen.push('steps down'));
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    assert.deepEqual([app.clustered.leader, seen], [true, ['leads']]);
    assert.deepEqual(
      (await app.clustered.status()).workers.map(({ leader }) => leader),
      [true],
    );
    await app.close();
    assert.deepEqual([app.clustered.leader, seen], [false, ['leads', 'steps down']]);
  });

  test('S69: to register it twice is to register it once', async () => {
    const app = fastify();
    await app.register(clustered, { health: true });
    const first = app.clustered;
    await app.register(clustered, { health: true });
    await app.register(async (child) => {
      await child.register(clustered, { worker: first });
      assert.equal(child.clustered, first);
    });
    await app.ready();
    assert.equal(app.clustered, first);
  });

  test('S69: a decorator of that name that is not ours is an error', async () => {
    const app = fastify();
    Reflect.apply(app.decorate, app, ['clustered', { role: 'single' }]);
    await assert.rejects(async () => app.register(clustered), { code: 'FST_CLUSTERED_DECORATOR_TAKEN' });
  });
});
