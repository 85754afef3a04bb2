// The watchdog: it replaces a worker whose event loop is blocked, and no other.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';

const OPTIONS = { watchdog: { timeoutMs: 1500 } };

suite('watchdog', () => {
  test('S46: a worker whose event loop is blocked -> it is killed, and its slot is filled again', async (t) => {
    const service = await startReadyService(t, { options: { ...OPTIONS, workers: 1 } });
    const blocked = await service.readyPid();
    const ready = service.next('worker ready');
    await assert.rejects(service.get('/block?ms=60000'));
    const killed = await service.seen('worker killed');
    assert.equal(killed['cause'], 'watchdog');
    assert.equal(killed.worker?.pid, blocked);
    assert.equal((await ready).worker?.slot, killed.worker?.slot);
    assert.equal((await service.get('/')).status, 200);
  });

  test('S47: the primary is stopped for longer than watchdog.timeoutMs -> it kills no worker when it continues', async (t) => {
    const service = await startReadyService(t, { options: OPTIONS });
    const before = await service.readyPids();
    service.signal('SIGSTOP');
    // The stop itself is tested: it has to outlast the watchdog.
    await setTimeout(3000);
    service.signal('SIGCONT');
    assert.deepEqual(await service.readyPids(), before);
    // Long enough for a wrong kill to show.
    await setTimeout(1000);
    assert.deepEqual(await service.readyPids(), before);
    assert.deepEqual(service.lines('worker killed'), []);
  });

  test('S47: the primary was busy -> it kills no worker whose heartbeats it has not read yet', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, watchdog: { timeoutMs: 900 } },
    });
    const before = await service.readyPids();
    // It checks the fleet right after it was busy.
    await service.call('growBlockAndShrink', 3_000);
    assert.deepEqual(await service.readyPids(), before);
    assert.deepEqual(service.lines('worker killed'), []);
  });

  test('S48: a worker is stopped -> it is killed and replaced', async (t) => {
    const service = await startReadyService(t, { options: OPTIONS });
    const stopped = await service.readyPid();
    const ready = service.next('worker ready');
    process.kill(stopped, 'SIGSTOP');
    assert.equal((await service.seen('worker killed')).worker?.pid, stopped);
    await ready;
    assert.equal((await service.readyPids()).length, 2);
  });
});
