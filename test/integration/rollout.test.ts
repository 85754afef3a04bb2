// Rolling restarts: which workers serve and which drain, in what order, and how the rollout ends.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { census } from '../helpers/census.ts';
import { CHUNKS } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import type { LogLine, Service } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

suite('rollout', () => {
  test('S4: a response that has begun -> it comes whole from the old process, while new requests reach the new one', async (t) => {
    const service = await startReadyService(t, { options: { workers: 1, rollout: QUICK } });
    const old = await service.readyPid();
    const slow = service.get('/chunks?ms=3000');
    await service.get('/');
    const draining = service.next('worker draining');
    service.signal('SIGUSR2');
    await draining;
    const after = await service.get('/');
    const { status, headers, body } = await slow;
    assert.equal(status, 200);
    assert.equal(body, CHUNKS);
    assert.equal(headers['x-worker'], String(old));
    assert.notEqual(after.headers['x-worker'], String(old));
  });

  for (const [maxSurge, maxUnavailable] of [
    [1, 0],
    [2, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    test(`S5: maxSurge ${maxSurge}, maxUnavailable ${maxUnavailable} -> both bounds hold at every moment`, async (t) => {
      const size = 3;
      const rollout = { ...QUICK, maxSurge, maxUnavailable };
      const service = await startReadyService(t, { options: { workers: size, rollout } });
      const from = service.log.length;
      const result = await service.restart();
      assert.equal(result.outcome, 'completed');
      const counts = census(service.log).slice(from);
      assert.equal(Math.min(...counts.map(({ ready }) => ready)), size - maxUnavailable);
      assert.ok(Math.max(...counts.map(({ active }) => active)) <= size + maxSurge);
      const { workers } = await service.status();
      assert.deepEqual(
        [...new Set(workers.filter(({ state }) => state === 'ready').map(({ generation }) => generation))],
        [2],
      );
    });
  }

  test('S7: a successor that never becomes ready -> it is killed after boot.timeoutMs, the old workers serve on', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { boot: { timeoutMs: 5000 }, rollout: QUICK },
      env: { BEHAVIOUR_2: 'hang' },
    });
    const before = await service.readyPids();
    const result = await service.restart();
    assert.ok(result.outcome === 'aborted');
    assert.equal(result.reason, 'boot-timeout');
    await service.seen('worker killed', { where: ({ cause }) => cause === 'boot-timeout' });
    await service.seen('worker exited', { where: ({ worker }) => worker?.generation === 2 });
    assert.deepEqual(await service.readyPids(), before);
    assert.equal((await service.get('/')).status, 200);
  });

  test('S9: five restarts at once -> one generation, as many workers as before, no process left', async (t) => {
    const service = await startReadyService(t, { options: { rollout: QUICK } });
    const done = service.seen('rollout completed');
    const results = Array.from({ length: 4 }, () => service.restart());
    service.signal('SIGUSR2');
    await done;
    for (const result of await Promise.all(results)) assert.equal(result.outcome, 'superseded');
    const { target, workers, rolling } = await service.status();
    assert.equal(rolling, false);
    const ready = workers.filter(({ state }) => state === 'ready');
    assert.deepEqual(
      ready.map((worker) => [worker.slot, worker.generation]).toSorted(([a = 0], [b = 0]) => a - b),
      [
        [0, target.id],
        [1, target.id],
      ],
    );
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S10: SIGTERM during a rollout -> successors exit, too, nothing is forked any more, exit 0', async (t) => {
    const service = await startReadyService(t, { options: { rollout: QUICK } });
    const forked = service.next('worker forked');
    service.signal('SIGUSR2');
    await forked;
    const lastLine = service.log.length;
    assert.equal(await service.stop(), 0);
    assert.deepEqual(
      service.log.slice(lastLine).filter(({ msg }) => msg === 'worker forked'),
      [],
    );
    assert.equal(service.lines('rollout aborted')[0]?.['reason'], 'stopping');
    assert.deepEqual(service.leftovers(), []);
  });

  test('S11: a worker is killed during a rollout -> it comes back as what it was, and the rollout completes', async (t) => {
    const service = await startReadyService(t, { options: { workers: 2, rollout: QUICK } });
    const [, second] = await service.readyPids();
    assert.ok(second !== undefined);
    const forked = service.next('worker forked');
    const result = service.restart();
    await forked;
    process.kill(second, 'SIGKILL');
    const { outcome } = await result;
    assert.equal(outcome, 'completed');
    await service.seen('worker crashed', { where: ({ worker }) => worker?.pid === second });
    const forks = service.lines('worker forked').filter(({ worker }) => worker?.slot === 1);
    assert.deepEqual(
      forks.map(({ worker }) => worker?.generation),
      [1, 1, 2],
    );
  });

  test('S12: a request longer than rollout.graceMs -> it is cut then and not before, and the rollout does not wait for it', async (t) => {
    const graceMs = 1500;
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 100, graceMs } },
    });
    const shorter = service.get('/slow?ms=1200');
    const longer = service.get('/slow?ms=20000').then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );
    await service.get('/');
    const exited = service.next('worker exited');
    await service.rollOut();
    assert.equal((await shorter).status, 200);
    assert.equal(await longer, 'ECONNRESET');
    assert.ok(msSinceSuccessor(service, await exited) >= graceMs);
    assert.equal((await exited)['code'], 0);
    const [completed] = service.lines('rollout completed');
    assert.ok(completed !== undefined && service.log.indexOf(completed) < service.log.indexOf(await exited));
  });

  test('S13: a worker that ignores the drain message -> it is killed at the deadline, and reaped', async (t) => {
    const rollout = { minReadyMs: 0, idleMs: 100, graceMs: 500 };
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, rollout, closeMs: 500 },
      env: { BEHAVIOUR_1: 'ignoreMessages' },
    });
    const ignoring = await service.readyPid();
    await service.rollOut();
    const exited = await service.exited(ignoring);
    assert.equal(exited['signal'], 'SIGKILL');
    assert.ok(msSinceSuccessor(service, exited) >= 1000);
    // Not even a zombie is left.
    assert.equal(fs.existsSync(`/proc/${ignoring}`), false);
  });

  test('S25: ten rollouts -> the primary has no more descriptors, listeners or heap than before', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, rollout: { ...QUICK, minReadyMs: 0 } },
      execArgv: ['--expose-gc'],
    });
    const settled = async (): Promise<Footprint> => {
      await service.seen('worker exited', { count: service.lines('rollout completed').length });
      return service.call<Footprint>('footprint');
    };
    // The first rollouts fill caches.
    for (let round = 0; round < 3; round += 1) await service.rollOut();
    const before = await settled();
    for (let round = 0; round < 10; round += 1) await service.rollOut();
    const after = await settled();
    // The last exit may have been logged before its channel was closed.
    const { descriptors: had } = before;
    const { descriptors: has } = after;
    assert.ok(has.length <= had.length, `${had.join(', ')} -> ${has.join(', ')}`);
    assert.deepEqual(after.listeners, before.listeners);
    assert.ok(after.processes <= before.processes, `${before.processes} -> ${after.processes}`);
    assert.ok(after.heapBytes - before.heapBytes < 1_000_000, `${before.heapBytes} -> ${after.heapBytes}`);
  });
});

/**
 * From when the successor built its app, before the drain of the old worker began. The line `worker draining` may be
 * written after the drain began, so it would make a drain look shorter than it was.
 */
function msSinceSuccessor(service: Service, line: LogLine): number {
  const [, successor] = service.lines('building');
  assert.ok(successor !== undefined);
  return Number(line['time']) - Number(successor['time']);
}

interface Footprint {
  readonly descriptors: readonly string[];
  readonly listeners: Readonly<Record<string, number>>;
  readonly heapBytes: number;
  /** How many handles of child processes are still referenced. */
  readonly processes: number;
}
