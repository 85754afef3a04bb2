// The context of a process that serves alone: the fleet is this process.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { createSingleContext } from '../../../src/single/context.ts';

suite('the context of a single process', () => {
  test('its status is the fleet’s: one worker, in whatever state the process is', async () => {
    const context = createSingleContext();
    const seen = async (): Promise<readonly unknown[]> => {
      const { pid, phase, size, workers } = await context.status();
      assert.deepEqual([pid, size, workers.length, workers[0]?.pid], [process.pid, 1, 1, process.pid]);
      return [phase, workers[0]?.state];
    };
    assert.deepEqual(await seen(), ['starting', 'booting']);
    context.markReady();
    assert.deepEqual(await seen(), ['running', 'ready']);
    context.markLeaving();
    assert.deepEqual(await seen(), ['leaving', 'ready']);
    await context.startDraining(assert.ifError);
    assert.deepEqual(await seen(), ['stopping', 'draining']);
  });

  test('S71: where Node runs code instead of a file, it has no entry', async (t) => {
    const own = process.execArgv;
    t.after(() => {
      process.execArgv = own;
    });
    process.execArgv = ['--eval', 'code'];
    assert.equal((await createSingleContext().status()).target.entry, '');
  });

  test('it cannot be rolled', async () => {
    await assert.rejects(createSingleContext().restart(), { code: 'FST_CLUSTERED_SINGLE' });
  });
});
