// Containers with limits: how many workers there are, how large their heaps get, and what a worker that fills the memory costs.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { memoryOf } from '../helpers/container-memory.ts';
import type { Memory } from '../helpers/container-memory.ts';
import { canHaveContainers, json, startReadyContainer } from '../helpers/container.ts';
import { createImage } from '../helpers/image.ts';
import { startLoad } from '../helpers/load-client.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { slow } from '../helpers/requests.ts';
import { runtimes } from '../helpers/runtimes.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS, QUICK } from '../helpers/times.ts';

const MIB = 2 ** 20;
const LIMIT = 512 * MIB;
const LIMITS = ['--cpus', '1.5', '--memory', '512m', '--memory-swap', '512m'];

/** Of a request, so that a drain is longer than the start of its successor. */
const LONG_MS = 2_500;

suite('containers with limits', { concurrency: false }, () => {
  for (const { version, path: node } of runtimes()) {
    test(`S54: --cpus 1.5 --memory 512m, on Node ${version} -> one worker, whose heap fits the limit`, async (t) => {
      if (!canHaveContainers(t)) return;
      const container = await startReadyContainer(t, { image: createImage(t, node), flags: LIMITS });
      const found = container.service.log.find(({ msg }) => msg === 'resources found');
      assert.equal(found?.['workers'], 1, container.service.story());
      assert.deepEqual(
        [found['cpuQuota'], found['memory']].map((each) => Reflect.get(Object(each), 'value')),
        [1.5, LIMIT],
      );
      const { heapLimit } = await json<{ heapLimit: number }>(container, '/memory');
      // The worker, its successor, and the one that drains: three at once, in six tenths of the limit.
      const share = (0.6 * LIMIT) / 3;
      assert.ok(heapLimit > share / 2 && heapLimit < share * 1.5, `${heapLimit / MIB} MiB`);
      await container.podman('stop');
      assert.equal((await container.service.ended).code, 0, container.service.story());
    });

    test(`S54: a worker fills its memory to the brim, on Node ${version} -> it dies alone`, async (t) => {
      if (!canHaveContainers(t)) return;
      const options = { workers: 2 };
      const container = await startReadyContainer(t, { image: createImage(t, node), options, flags: LIMITS });
      const { service } = container;
      // By V8's own limit, and by the kernel.
      for (const [route, signal] of [
        ['/fill-heap', 'SIGABRT'],
        ['/fill-memory', 'SIGKILL'],
      ]) {
        const crashed = service.next('worker crashed');
        const ready = service.next('worker ready');
        await assert.rejects(container.get(`${route}`));
        const line = await crashed;
        assert.equal(line['signal'], signal, service.story());
        if (signal === 'SIGKILL') assert.match(String(line['explanation']), /memory/);
        await ready;
        assert.equal((await container.get('/')).status, 200);
      }
      assert.equal(service.lines('worker crashed').length, 2, service.story());
      await container.podman('stop');
      assert.equal((await service.ended).code, 0, service.story());
    });
  }

  const [{ path: node }] = runtimes();

  test('S82: the heap of each worker is three quarters full, a rollout under load -> the peak stays under the limit', async (t) => {
    if (!canHaveContainers(t)) return;
    const container = await startReadyContainer(t, {
      image: createImage(t, node),
      options: { workers: 2, rollout: GENEROUS },
      env: { FILL_HEAP: 'yes' },
      flags: LIMITS,
    });
    const { service, origin } = container;
    const load = startLoad({ origin, clients: 6, connections: 'kept-alive', thinkMs: 5 });
    try {
      await load.more(100);
      await container.podman('kill', '--signal', 'USR2');
      await service.seen('rollout completed');
      await service.drained();
      await load.more(100);
      assertNothingLost(await load.stop());
    } finally {
      await load.stop();
    }
    assertWithin(t, service, await memoryOf(container));
  });

  test('S105: long requests, and rollouts one after the other -> no more workers drain than documented, and the limit is kept', async (t) => {
    if (!canHaveContainers(t)) return;
    const container = await startReadyContainer(t, {
      image: createImage(t, node),
      options: { workers: 2, rollout: QUICK },
      env: { FILL_HEAP: 'yes' },
      flags: LIMITS,
    });
    const { service, origin } = container;
    const load = startLoad({ origin, clients: 8, connections: 'kept-alive', ...slow(() => LONG_MS) });
    try {
      await load.more(8);
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await container.podman('kill', '--signal', 'USR2');
        await service.seen('rollout completed', { count: rollout });
      }
      await service.drained();
      assertNothingLost(await load.stop());
    } finally {
      await load.stop();
    }
    assert.equal(service.lines('worker draining').length, 4);
    // A quarter of two workers, and at least one.
    assert.equal(mostAtOnce(service), 1, service.story());
    assertWithin(t, service, await memoryOf(container));
  });
});

/** How many workers were draining at the same time, at most. */
function mostAtOnce({ log }: Service): number {
  let draining = 0;
  return Math.max(
    ...log.map(({ msg }) => {
      if (msg === 'worker draining') draining += 1;
      if (msg === 'worker exited') draining -= 1;
      return draining;
    }),
  );
}

function assertWithin(t: TestContext, service: Service, { peak, reached, kills }: Memory): void {
  t.diagnostic(`peak: ${Math.round(peak / MIB)} MiB of ${LIMIT / MIB}`);
  assert.deepEqual({ reached, kills }, { reached: 0, kills: 0 }, service.story());
  assert.ok(peak < LIMIT);
  assert.equal(service.lines('worker crashed').length, 0, service.story());
}
