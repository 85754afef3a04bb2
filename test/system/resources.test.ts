// Limits of a real cgroup: how many workers there are, how large their heaps are, and what happens at the brim.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createCgroup } from '../helpers/cgroup.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { mostDraining } from '../helpers/most-draining.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

const MIB = 2 ** 20;

suite('a cgroup with limits', () => {
  test("S54: 'auto' is the quota, rounded down; each heap is its part of the memory limit; log and status say where they were found", async (t) => {
    const cgroup = createCgroup(t, { memoryMb: 512, cpus: 1.5 });
    if (cgroup === undefined) return;
    const { command } = cgroup;
    const service = await startReadyService(t, {
      fixture: 'memory.js',
      command,
      options: { workers: 'auto' },
    });
    const { resources, size } = await service.status();
    assert.equal(size, 1);
    assert.deepEqual(resources?.cpuQuota, { value: 1.5, file: cgroup.file('cpu', 'cpu.cfs_quota_us') });
    assert.deepEqual(resources?.memory, {
      value: 512 * MIB,
      file: cgroup.file('memory', 'memory.limit_in_bytes'),
    });
    // One worker, one of maxSurge, one that drains.
    assert.equal(resources?.heapMb, Math.floor((0.6 * 512) / 3));
    const line = await service.seen('resources found');
    for (const [name, value] of Object.entries(resources ?? {})) assert.deepEqual(line[name], value);
    const { options, limitMb } = JSON.parse((await service.get('/heap')).body);
    assert.deepEqual(options.at(-1), '--max-old-space-size=102');
    // V8 adds the young generation.
    assert.ok(limitMb >= 102 && limitMb < 102 + 64, `${limitMb} MiB`);
    assert.equal(await service.stop(), 0);
  });

  test('S54: heaps follow the size; what the user set stands', async (t) => {
    const cgroup = createCgroup(t, { memoryMb: 1024 });
    if (cgroup === undefined) return;
    const { command } = cgroup;
    const service = await startReadyService(t, { fixture: 'memory.js', command, options: { workers: 1 } });
    const before = await service.status();
    const ready = service.next('worker ready');
    await service.call('scale', 2);
    await ready;
    const after = await service.status();
    assert.deepEqual([before.resources?.heapMb, after.resources?.heapMb], [204, 153]);
    assert.equal(await service.stop(), 0);
    const execArgv = ['--max-old-space-size=64'];
    const own = await startReadyService(t, {
      fixture: 'memory.js',
      command,
      options: { workers: 1, execArgv },
    });
    assert.deepEqual(JSON.parse((await own.get('/heap')).body).options.slice(-1), execArgv);
    assert.equal((await own.status()).resources?.heapMb, null);
    assert.equal(await own.stop(), 0);
  });

  test('S54: a worker that fills the memory dies alone, its exit says out of memory, and it is replaced', async (t) => {
    const cgroup = createCgroup(t, { memoryMb: 400 });
    if (cgroup === undefined) return;
    const { command } = cgroup;
    const service = await startReadyService(t, { fixture: 'memory.js', command });
    const before = await service.readyPids();
    const ready = service.next('worker ready');
    await assert.rejects(service.get('/fill'));
    const crashed = await service.seen('worker crashed');
    assert.equal(crashed['signal'], 'SIGKILL');
    assert.match(String(crashed['explanation']), /^out of memory: the kernel killed it/);
    await ready;
    const after = await service.readyPids();
    assert.deepEqual(
      before.filter((pid) => !after.includes(pid)),
      [crashed.worker?.pid],
    );
    // The next one is no fault of the kernel.
    await service.killOne();
    assert.match(String(service.lines('worker crashed')[1]?.['explanation']), /^killed from outside/);
    assert.equal(cgroup.kills, 1);
    assert.equal(await service.stop(), 0);
  });

  test('S54: workers that fill the memory while they boot: the error of the start says it', async (t) => {
    const cgroup = createCgroup(t, { memoryMb: 300 });
    if (cgroup === undefined) return;
    const { command } = cgroup;
    const options = { workers: 1 };
    const service = startService(t, { fixture: 'memory.js', command, options, env: { FILL_AT_BOOT: '1' } });
    assert.equal((await service.ended).code, 1);
    const { err } = await service.seen('stopping');
    assert.match(JSON.stringify(err), /was ended by SIGKILL: out of memory: the kernel killed it/);
  });

  test('S82: with the heaps of all workers filled, the peak of two rollouts under load stays under the limit', async (t) => {
    const cgroup = createCgroup(t, { memoryMb: 512 });
    if (cgroup === undefined) return;
    const service = await startReadyService(t, {
      fixture: 'memory.js',
      command: cgroup.command,
      options: { workers: 2, boot: { timeoutMs: 120_000 }, rollout: GENEROUS },
      env: { FILL_HEAP: '0.8' },
    });
    const load = { origin: await service.origin(), clients: 12 };
    const loads = startLoads({ ...load, connections: 'kept-alive' }, { ...load, connections: 'fresh' });
    try {
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(500);
        await service.rollOut();
      }
      for (const report of await loads.stop()) assertNothingLost(report);
    } finally {
      await loads.stop();
    }
    assert.ok(cgroup.peakMb < 512, `${cgroup.peakMb} MiB`);
    assert.equal(cgroup.kills, 0);
    t.diagnostic(`peak ${Math.round(cgroup.peakMb)} of 512 MiB`);
  });

  test('S105: long requests, and rollouts one after the other: few workers drain at once, and the limit is kept', async (t) => {
    const cgroup = createCgroup(t, { memoryMb: 512 });
    if (cgroup === undefined) return;
    const service = await startReadyService(t, {
      fixture: 'memory.js',
      command: cgroup.command,
      options: { rollout: { ...GENEROUS, graceMs: 3_000 } },
      env: { FILL_HEAP: '0.8' },
    });
    const rollouts = [];
    for (let rollout = 1; rollout <= 3; rollout += 1) {
      // They outlast the grace, which cuts them.
      const requests = Array.from({ length: 8 }, () => service.get('/slow?ms=600000').catch(() => undefined));
      const draining = service.next('worker draining', ({ cause }) => cause === 'rollout');
      rollouts.push(service.restart(), ...requests);
      await draining;
    }
    await Promise.all(rollouts);
    await service.drained();
    assert.equal(mostDraining(service.log), 1, service.story());
    assert.ok(cgroup.peakMb < 512, `${cgroup.peakMb} MiB`);
    assert.equal(cgroup.kills, 0);
    t.diagnostic(`peak ${Math.round(cgroup.peakMb)} of 512 MiB`);
  });
});
