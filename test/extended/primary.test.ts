// Failures and calls of the primary, and what its workers do then.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from '../helpers/folder.ts';
import { GET, HOST, received } from '../helpers/raw-client.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

suite('primary', () => {
  test('S35: the primary is killed -> workers answer what is in flight and exit, and the port is free', async (t) => {
    const service = await startReadyService(t, { options: { shutdown: { idleMs: 100, graceMs: 5000 } } });
    const port = await service.port();
    const slow = service.get('/slow?ms=1500');
    await service.get('/');
    service.signal('SIGKILL');
    assert.equal((await slow).status, 200);
    // stdout and stderr are closed when the last worker has exited.
    await service.ended;
    assert.deepEqual(service.leftovers(), []);
    assert.ok(await isFree(port));
  });

  test('S101: the primary is killed while a worker computes, and is started again at once -> it waits for the port, says so, and serves', async (t) => {
    const killed = await startReadyService(t, { options: { workers: 1 } });
    const port = await killed.port();
    const blocking = killed.next('blocking');
    const enough = path.join(temporaryFolder(t), 'enough');
    const computed = killed.get(`/block?file=${enough}`);
    const worker = await killed.readyPid();
    await blocking;
    killed.signal('SIGKILL');
    await once(killed.child, 'exit');
    const service = startService(t, { options: { workers: 1, listen: { port } } });
    const { addresses, timeoutMs } = await service.seen('port in use, waiting');
    assert.deepEqual([addresses, timeoutMs], [[{ host: '127.0.0.1', port }], 10_000]);
    assert.ok(killed.leftovers().includes(worker), 'the worker computes on');
    fs.writeFileSync(enough, '');
    await service.seen('all workers ready');
    assert.equal((await computed).status, 200, 'what was in flight is answered');
    assert.equal((await service.get('/')).status, 200);
    assert.equal(service.lines('port in use, waiting').length, 1);
    assert.equal(await service.stop(), 0);
  });

  test('S35: the primary is killed while a worker boots -> the port is free before that worker has exited', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, shutdown: { idleMs: 100 }, closeMs: 10_000 },
      env: { BEHAVIOUR_2: 'hangAloud' },
    });
    const port = await service.port();
    service.signal('SIGUSR2');
    await service.seen('hanging');
    const ready = await service.readyPid();
    service.signal('SIGKILL');
    await once(service.child, 'exit');
    while (service.leftovers().includes(ready)) await setTimeout(20);
    // Nothing says when the other process has noticed; what counts is that it does not hold the port until it exits.
    while (!(await isFree(port)))
      assert.equal(service.leftovers().length, 1, 'the port is free before the exit');
    assert.equal(service.leftovers().length, 1, 'the booting worker may finish its boot');
    await service.ended;
  });

  test('S35: the primary is killed before it acknowledges a worker -> that worker exits', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, shutdown: { idleMs: 100 }, closeMs: 600_000 },
    });
    const built = service.next('building');
    const killed = assert.rejects(service.call('restartAndBlock', 600_000));
    await built;
    service.signal('SIGKILL');
    await service.ended;
    await killed;
    assert.deepEqual(service.leftovers(), []);
  });

  test('S35: the primary is killed while workers run their imports -> they exit', async (t) => {
    const service = startService(t, {
      fixture: 'slow-import.js',
      options: { workers: 1 },
      env: { IMPORT_MS: '600000' },
    });
    await service.seen('importing');
    service.signal('SIGKILL');
    await service.ended;
    assert.deepEqual(service.leftovers(), []);
  });

  test('S52: the primary is busy -> a worker accepts no connection before the primary acknowledges it, and leaves as a drained one', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, rollout: QUICK },
    });
    const port = await service.port();
    const old = await service.readyPid();
    const built = service.next('building');
    const shrunk = service.call('growBlockAndShrink', 5_000);
    await built;
    const over = new AbortController();
    void shrunk.finally(() => over.abort());
    let count = 0;
    let firstOfAnother = Infinity;
    for (; !over.signal.aborted; count += 1) {
      const answer = await servedOnce(port);
      if (!answer.includes(`"pid":${old},`)) firstOfAnother = Math.min(firstOfAnother, Date.now());
    }
    const blockedUntil = Number((await service.seen('blocked'))['at']);
    assert.ok(firstOfAnother >= blockedUntil, 'another worker answered while the primary was busy');
    assert.ok(count > 10, `only ${count} requests while the other worker waited`);
    const draining = await service.seen('worker draining', { where: ({ worker }) => worker?.slot === 1 });
    const exited = await service.seen('worker exited', { where: ({ worker }) => worker?.slot === 1 });
    assert.deepEqual([exited['code'], exited['signal']], [0, null]);
    // The primary reads on for a moment before it acts, in which a worker that it has just acknowledged may be quicker.
    const wasReady = service.lines('worker ready').some(({ worker }) => worker?.slot === 1);
    assert.equal(draining['cause'], wasReady ? 'scale' : 'cancelled');
  });

  test('S52: a worker that is removed before it can hear of it -> it is killed at once, and has served no client', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'slow-import.js',
      options: { workers: 1 },
      env: { IMPORT_MS: '600000', QUICK_WORKERS: '1' },
    });
    service.signal('SIGTTIN');
    await service.seen('importing');
    service.signal('SIGTTOU');
    await service.seen('worker draining', { where: ({ cause }) => cause === 'cancelled' });
    await service.seen('worker exited', { where: ({ signal }) => signal === 'SIGKILL' });
  });

  test('S36: event listeners that throw or reject -> the service goes on', async (t) => {
    const service = await startReadyService(t, { fixture: 'listener-throws.js' });
    const rejected = service.next(
      'an event listener failed',
      ({ err }) => err?.message === 'a listener rejected',
    );
    const threw = service.next('an event listener failed', ({ err }) => err?.message === 'a listener threw');
    await service.killOne();
    await threw;
    await rejected;
    assert.equal((await service.readyPids()).length, 2);
    await service.rollOut();
    assert.equal(await service.stop(), 0);
  });

  test('S36: an uncaught error in the primary -> a graceful shutdown with exit code 1', async (t) => {
    const service = await startReadyService(t, { fixture: 'listener-throws.js' });
    const slow = service.get('/slow?ms=800');
    await service.get('/');
    await service.call('throwLater');
    assert.equal((await slow).status, 200);
    assert.equal((await service.ended).code, 1);
    assert.equal(service.lines('uncaught error in the primary')[0]?.err?.message, 'thrown in the primary');
    assert.equal(service.lines('worker exited').length, 2);
    assert.deepEqual(service.leftovers(), []);
  });

  test('close() -> it resolves, and the process of the embedder goes on', async (t) => {
    const service = await startReadyService(t);
    const closed = await service.call('close');
    assert.deepEqual(closed, { exitCode: 0, reason: 'requested', error: null });
    assert.deepEqual(await service.call('close'), closed);
    assert.equal((await service.status()).phase, 'stopped');
    assert.deepEqual(await service.restart(), {
      outcome: 'aborted',
      generation: null,
      reason: 'stopping',
      error: null,
      worker: null,
    });
  });

  test('S52: SIGTTIN, SIGTTOU and scale() -> the size changes, but never below 1 or above 1,024', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, rollout: { idleMs: 50, minReadyMs: 0 } },
    });
    const sizes = async (): Promise<number> => (await service.status()).size;
    const full = service.next('all workers ready');
    service.signal('SIGTTIN');
    await full;
    assert.equal(await sizes(), 2);
    const gone = service.next('worker exited');
    service.signal('SIGTTOU');
    assert.equal((await gone).worker?.slot, 1);
    service.signal('SIGTTOU');
    await service.get('/');
    assert.equal(await sizes(), 1);
    for (const size of [0, 5e6]) {
      await assert.rejects(service.call('scale', size), {
        code: 'FST_CLUSTERED_OPTION_INVALID',
        message: `size is ${size}; allowed: a whole number from 1 to 1024`,
      });
    }
    const again = service.next('all workers ready');
    await service.call('scale', 3);
    await again;
    assert.equal((await service.readyPids()).length, 3);
  });
});

/** On a connection of its own. */
async function servedOnce(port: number): Promise<string> {
  const socket = net.connect(port, HOST);
  socket.write(GET);
  const answer = await received(socket, /"generation":\d+\}/);
  socket.destroy();
  return answer;
}

async function isFree(port: number): Promise<boolean> {
  const successor = net.createServer().listen(port, HOST);
  try {
    await once(successor, 'listening');
    return true;
  } catch (error) {
    assert.equal(Reflect.get(Object(error), 'code'), 'EADDRINUSE');
    return false;
  } finally {
    successor.close();
  }
}
