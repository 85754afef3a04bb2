// An app that closes the channel to the primary: its worker gets no orders any more, so another one replaces it.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { ask, connectToEach, gather } from '../helpers/bystanders.ts';
import { startLoad } from '../helpers/load-client.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

suite('a worker that closes its channel', () => {
  for (const how of ['process.disconnect', 'cluster.worker.disconnect']) {
    for (const workers of [1, 2]) {
      test(`${how}(), ${workers} workers -> it is replaced, its clients are answered, 0 lost, 0 hung`, async (t) => {
        const service = await startReadyService(t, {
          fixture: 'held.js',
          options: { workers, shutdown: ENDLESS },
        });
        const load = await startFreshLoad(service);
        t.after(() => void load.stop());
        const bystanders = await gather(service);
        const keepers = await connectToEach(service, workers);
        const probes = await connectToEach(service, workers);
        const [pid, culprit] = [...keepers][0] ?? [];
        assert.ok(pid !== undefined && culprit !== undefined);
        await ask(culprit, `/leave?how=${how}`);
        const line = await service.seen('worker disconnected');
        assert.deepEqual([line.worker?.pid, line['level']], [pid, 50]);
        assert.match(String(line['explanation']), /process\.disconnect\(\)/);
        await service.seen('worker ready', { count: workers + 1 });
        assert.equal(service.lines('worker exited').length, 0);
        await load.more(50);
        // The service goes on, so readiness stays 200.
        for (const [, probe] of probes) assert.equal((await ask(probe, '/readyz')).status, 200);

        const served = bystanders.map((bystander) => bystander.goOn());
        for (const [, keeper] of keepers) assert.equal((await ask(keeper, '/open')).status, 200);
        for (const { status } of await Promise.all(served)) assert.equal(status, 200);
        for (const [, socket] of [...keepers, ...probes]) socket.destroy();

        const exited = await service.exited(pid);
        assert.deepEqual([exited['code'], exited['expected']], [0, true]);
        assertNothingLost(await load.stop());
        assert.equal(service.lines('worker crashed').length, 0);
        assert.equal((await service.readyPids()).length, workers);
        assert.equal(await service.stop(), 0);
      });
    }
  }

  test('a worker that crashes closes its channel, too -> it is logged as a crash, not as disconnected', async (t) => {
    const service = await startReadyService(t, { fixture: 'held.js', options: { shutdown: ENDLESS } });
    const [first, second] = await service.readyPids();
    assert.ok(first !== undefined && second !== undefined);
    process.kill(first, 'SIGKILL');
    await service.seen('all workers ready', { count: 2 });
    const sockets = await connectToEach(service, 2);
    const culprit = sockets.get(second);
    assert.ok(culprit !== undefined);
    await ask(culprit, '/leave?how=process.disconnect');
    // By now a line for the worker that was killed would have come, too.
    assert.equal((await service.seen('worker disconnected')).worker?.pid, second);
    culprit.destroy();
    await service.exited(second);
    await service.seen('all workers ready', { count: 3 });
    for (const [, socket] of sockets) socket.destroy();
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('worker disconnected').length, 1);
    assert.equal(service.lines('worker crashed').length, 1);
  });

  test("the channel's descriptor is closed -> the worker cannot notice, serves on, and is killed at the deadline", async (t) => {
    const service = await startReadyService(t, {
      fixture: 'held.js',
      options: { workers: 1, shutdown: { idleMs: 100, graceMs: 300 }, closeMs: 100 },
    });
    const pid = await service.readyPid();
    await service.get('/leave?how=fs.close');
    assert.equal((await service.seen('worker disconnected')).worker?.pid, pid);
    assert.equal((await service.seen('worker killed'))['cause'], 'drain-timeout');
    await service.exited(pid);
    await service.seen('all workers ready', { count: 2 });
    assert.equal((await service.get('/')).status, 200);
  });

  test('cluster.worker.kill() -> a crash like process.exit()', async (t) => {
    const service = await startReadyService(t, { fixture: 'held.js', options: { workers: 1 } });
    await service.get('/leave?how=cluster.worker.kill');
    const crashed = await service.seen('worker crashed');
    assert.equal(crashed['code'], 0);
    assert.match(String(crashed['explanation']), /cluster\.worker\.kill\(\)/);
    await service.seen('all workers ready', { count: 2 });
    assert.equal((await service.get('/')).status, 200);
    assert.equal(service.lines('worker disconnected').length, 0);
  });

  for (const when of ['early', 'late'] as const) {
    test(`process.channel.unref(), ${when} -> it boots, rolls and stops as usual`, async (t) => {
      const how = 'process.channel.unref';
      const service = await startReadyService(t, {
        fixture: 'held.js',
        env: when === 'early' ? { LEAVE_EARLY: how } : {},
        options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 100 } },
      });
      if (when === 'late') await service.get(`/leave?how=${how}`);
      await service.rollOut();
      await service.drained();
      assert.equal(await service.stop(), 0);
      assert.equal(service.lines('worker crashed').length, 0);
    });
  }

  for (const how of ['process.disconnect', 'cluster.worker.disconnect', 'cluster.worker.kill']) {
    test(`${how}() while the worker boots -> a boot that fails`, async (t) => {
      const service = startService(t, {
        fixture: 'held.js',
        env: { LEAVE_EARLY: how },
        options: { workers: 1 },
      });
      assert.equal((await service.ended).code, 1);
      assert.match(String(service.lines('worker crashed')[0]?.['explanation']), /disconnect/);
      assert.match(service.stderr, /FST_CLUSTERED_BOOT_FAILED/);
      assert.deepEqual(service.leftovers(), []);
    });
  }
});

async function startFreshLoad(service: Service): Promise<ReturnType<typeof startLoad>> {
  const load = startLoad({
    origin: await service.origin(),
    connections: 'fresh',
    clients: 4,
  });
  await load.answered(20);
  return load;
}
