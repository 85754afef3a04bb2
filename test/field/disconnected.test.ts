// An app that closes the channel to the primary: nobody can tell that worker anything any more, so another one takes over.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { ask, gather, openConnection } from '../helpers/bystanders.ts';
import { startLoad } from '../helpers/load-client.ts';
import { describeLosses } from '../helpers/load-report.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { LogLine, Service } from '../helpers/service.ts';

/** Nothing in these tests ends because of a time. */
const PATIENT = { idleMs: 600_000, graceMs: 600_000 } as const;

suite('a worker that closes its channel', () => {
  for (const how of ['process.disconnect', 'cluster.worker.disconnect']) {
    for (const workers of [1, 2]) {
      test(`${how}(), ${workers} workers: replaced, whoever it serves is served, nobody is lost or hangs`, async (t) => {
        const service = await startReadyService(t, {
          fixture: 'held.js',
          options: { workers, shutdown: PATIENT },
        });
        const load = await startFreshLoad(service);
        t.after(() => void load.stop());
        const bystanders = await gather(service);
        const keepers = await openToAll(service, workers);
        const probes = await openToAll(service, workers);
        const [pid, culprit] = [...keepers][0] ?? [];
        assert.ok(pid !== undefined && culprit !== undefined);
        await ask(culprit, `/leave?how=${how}`);
        const told = await service.seen('worker disconnected');
        assert.deepEqual([told.worker?.pid, told['level']], [pid, 50]);
        assert.match(String(told['explanation']), /process\.disconnect\(\)/);
        await service.seen('worker ready', { count: workers + 1 });
        assert.equal(service.lines('worker exited').length, 0);
        await load.more(50);
        // The service lives on, so readiness has nothing to warn of.
        for (const [, probe] of probes) assert.equal((await ask(probe, '/readyz')).status, 200);

        const served = bystanders.map((bystander) => bystander.goOn());
        for (const [, keeper] of keepers) assert.equal((await ask(keeper, '/open')).status, 200);
        for (const { status } of await Promise.all(served)) assert.equal(status, 200);
        for (const [, socket] of [...keepers, ...probes]) socket.destroy();

        const exited = await exitOf(service, pid);
        assert.deepEqual([exited['code'], exited['expected']], [0, true]);
        const report = await load.stop();
        assert.equal(report.lost, 0, describeLosses(report));
        assert.equal(service.lines('worker crashed').length, 0);
        assert.equal((await service.readyPids()).length, workers);
        assert.equal(await service.stop(), 0);
      });
    }
  }

  test('a worker that dies closes its channel, too: it is told as a crash, and as nothing else', async (t) => {
    const service = await startReadyService(t, { fixture: 'held.js', options: { shutdown: PATIENT } });
    const [first, second] = await service.readyPids();
    assert.ok(first !== undefined && second !== undefined);
    process.kill(first, 'SIGKILL');
    await service.seen('all workers ready', { count: 2 });
    const sockets = await openToAll(service, 2);
    const culprit = sockets.get(second);
    assert.ok(culprit !== undefined);
    await ask(culprit, '/leave?how=process.disconnect');
    // It comes so long after the channel was closed that the other one would have come before.
    assert.equal((await service.seen('worker disconnected')).worker?.pid, second);
    culprit.destroy();
    await exitOf(service, second);
    await service.seen('all workers ready', { count: 3 });
    for (const [, socket] of sockets) socket.destroy();
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('worker disconnected').length, 1);
    assert.equal(service.lines('worker crashed').length, 1);
  });

  test('a descriptor that is closed under its hands: the worker cannot know, serves on, and is killed in the end', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'held.js',
      options: { workers: 1, shutdown: { idleMs: 100, graceMs: 300 }, closeMs: 100 },
    });
    const [pid] = await service.readyPids();
    await service.get('/leave?how=fs.close');
    assert.equal((await service.seen('worker disconnected')).worker?.pid, pid);
    assert.equal((await service.seen('worker killed'))['cause'], 'drain-timeout');
    await exitOf(service, pid);
    await service.seen('all workers ready', { count: 2 });
    assert.equal((await service.get('/')).status, 200);
  });

  test('cluster.worker.kill() ends the process on the spot: a crash like process.exit()', async (t) => {
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
    test(`process.channel.unref(), ${when}: it boots, rolls and stops as ever`, async (t) => {
      const how = 'process.channel.unref';
      const service = await startReadyService(t, {
        fixture: 'held.js',
        env: when === 'early' ? { LEAVE_EARLY: how } : {},
        options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 100 } },
      });
      if (when === 'late') await service.get(`/leave?how=${how}`);
      await service.rollOut();
      await service.seen('worker exited');
      assert.equal(await service.stop(), 0);
      assert.equal(service.lines('worker crashed').length, 0);
    });
  }

  for (const how of ['process.disconnect', 'cluster.worker.disconnect', 'cluster.worker.kill']) {
    test(`${how}() while it boots is a boot that fails`, async (t) => {
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
    request: () => ({ method: 'GET', path: '/' }),
  });
  await load.answered(20);
  return load;
}

/** A connection to each worker, by its pid. */
async function openToAll(
  service: Service,
  workers: number,
): Promise<ReadonlyMap<number, Awaited<ReturnType<typeof openConnection>>>> {
  const sockets = new Map<number, Awaited<ReturnType<typeof openConnection>>>();
  for (let tries = 0; sockets.size < workers; tries += 1) {
    assert.ok(tries < 1_000, 'one worker accepts everybody');
    const socket = await openConnection(service);
    const { pid } = JSON.parse((await ask(socket, '/')).body);
    if (sockets.has(pid)) socket.destroy();
    else sockets.set(pid, socket);
  }
  return sockets;
}

function exitOf(service: Service, pid: number | undefined): Promise<LogLine> {
  return service.exited(pid);
}
