// Workers that drain for long: rollouts that follow each other do not pile up processes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mostDraining } from '../helpers/most-draining.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

const GRACE_MS = 2_000;

/** Three rollouts, each as soon as a worker drains for the one before; each worker has requests that outlast its grace. */
async function rollOverLongRequests(service: Service): Promise<readonly string[]> {
  const outcomes = [];
  const requests = [];
  for (let rollout = 1; rollout <= 3; rollout += 1) {
    requests.push(...Array.from({ length: 8 }, () => service.get('/slow?ms=600000').catch(() => undefined)));
    const draining = service.next('worker draining', ({ cause }) => cause === 'rollout');
    outcomes.push(service.restart());
    await draining;
  }
  const settled = await Promise.all(outcomes);
  await service.drained();
  await Promise.all(requests);
  return settled.map(({ outcome }) => outcome);
}

suite('workers that drain', () => {
  test('S105: long requests, rollouts that supersede each other: one drains at a time, and the last rollout completes', async (t) => {
    const rollout = { ...QUICK, graceMs: GRACE_MS, maxDraining: 1 };
    const service = await startReadyService(t, { options: { rollout } });
    const outcomes = await rollOverLongRequests(service);
    assert.deepEqual(outcomes, ['superseded', 'superseded', 'completed'], service.story());
    assert.equal(mostDraining(service.log), 1, service.story());
    const { workers, rolling } = await service.status();
    assert.deepEqual([workers.length, rolling], [2, false]);
    assert.ok(workers.every(({ generation }) => generation === 4));
    assert.equal(await service.stop(), 0);
  });

  test('S105: without a bound a rollout waits for no drain', async (t) => {
    const service = await startReadyService(t, {
      options: { rollout: { ...QUICK, graceMs: GRACE_MS, maxDraining: 1_000 } },
    });
    await rollOverLongRequests(service);
    assert.ok(mostDraining(service.log) > 1, service.story());
    assert.equal(await service.stop(), 0);
  });
});
