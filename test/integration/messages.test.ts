// The channel between primary and workers is shared with the app: nothing that travels there breaks anything.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';

suite('messages', () => {
  test("S38: garbage is ignored, huge messages pass, the app's own messages arrive both ways", async (t) => {
    const service = await startReadyService(t, { fixture: 'talkative.js', options: { workers: 1 } });
    await service.get('/talk');
    // The answer comes behind what was said on the same channel.
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
    assert.equal((await service.restart()).outcome, 'completed');
  });

  test('a worker learns the status of the fleet, and can ask for a restart', async (t) => {
    const service = await startReadyService(t, { options: { rollout: { minReadyMs: 0, idleMs: 50 } } });
    const told = JSON.parse((await service.get('/fleet')).body);
    assert.equal(told.size, 2);
    assert.deepEqual(
      told.workers.map(({ state }: { state: string }) => state),
      ['ready', 'ready'],
    );
    // Whoever asked is replaced, too, but waits for the answer before it goes.
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
