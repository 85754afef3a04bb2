// The app shares the channel between primary and workers: no message of the app breaks anything.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';

suite('messages', () => {
  test("S38: garbage and huge messages on the channel -> they break nothing, and the app's own messages arrive both ways", async (t) => {
    const service = await startReadyService(t, { fixture: 'talkative.js', options: { workers: 1 } });
    await service.get('/talk');
    // The status comes over the same channel, behind the messages.
    await service.get('/fleet');
    assert.deepEqual(await service.call('heard'), [
      { user: 'huge', size: 5_000_000 + JSON.stringify({ user: 'huge', payload: '' }).length },
      { user: 'hello', size: JSON.stringify({ user: 'hello' }).length },
    ]);
    await service.call('tellWorkers');
    await service.get('/fleet');
    assert.deepEqual(JSON.parse((await service.get('/from-primary')).body), [{ user: 'from the primary' }]);
    assert.deepEqual(
      service.log.filter(({ msg }) => /failing|crashed|draining/.test(msg)),
      [],
    );
    await service.rollOut();
  });

  test('a worker gets the status of the fleet, and can request a rollout', async (t) => {
    const service = await startReadyService(t, { options: { rollout: { minReadyMs: 0, idleMs: 50 } } });
    const fleet = JSON.parse((await service.get('/fleet')).body);
    assert.equal(fleet.size, 2);
    assert.deepEqual(
      fleet.workers.map(({ state }: { state: string }) => state),
      ['ready', 'ready'],
    );
    // The worker that asked is replaced, too. Its drain waits for this answer.
    const { status, body } = await service.get('/restart', { method: 'POST' });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { outcome: 'completed', generation: 2 });
  });

  test('a worker that asks for a restart learns of an abort, and which worker failed', async (t) => {
    const service = await startReadyService(t, { fixture: 'fickle.js', env: { BEHAVIOUR_2: 'throw' } });
    const { body } = await service.get('/restart', { method: 'POST' });
    const { outcome, generation, reason, worker } = JSON.parse(body);
    assert.deepEqual([outcome, generation, reason], ['aborted', 2, 'boot-failed']);
    const failing = await service.seen('worker failing');
    assert.equal(worker.generation, 2);
    assert.deepEqual(worker, failing.worker);
  });
});
