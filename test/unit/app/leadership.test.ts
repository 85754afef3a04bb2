// The hooks of the leader: they run for as long as the term, and the term is over when all have settled.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Leadership } from '../../../src/app/leadership.ts';

suite('leadership', () => {
  test('S108: hooks run when the term begins, and one that is added later runs at once', () => {
    const leadership = new Leadership();
    const ran: string[] = [];
    leadership.add(() => void ran.push('first'));
    assert.deepEqual([leadership.isNow, ran], [false, []]);
    void leadership.begin(assert.ifError);
    assert.deepEqual([leadership.isNow, ran], [true, ['first']]);
    leadership.add(() => void ran.push('late'));
    assert.deepEqual(ran, ['first', 'late']);
  });

  test('S108: the term is over when every hook has settled, not when the signal aborts', async () => {
    const leadership = new Leadership();
    const seen: string[] = [];
    let finish: () => void = () => undefined;
    leadership.add(async (signal) => {
      signal.addEventListener('abort', () => seen.push('abort'));
      await new Promise<void>((resolve) => (finish = resolve));
      seen.push('finished');
    });
    const over = leadership.begin(assert.ifError).then(() => seen.push('over'));
    const ended = leadership.end();
    assert.deepEqual([leadership.isNow, seen], [false, ['abort']]);
    await setImmediate();
    assert.deepEqual(seen, ['abort']);
    finish();
    await Promise.all([over, ended]);
    assert.deepEqual(seen, ['abort', 'finished', 'over']);
  });

  test('S108: a term that is over before it began: no hook runs, also none that is added later', async () => {
    const leadership = new Leadership();
    leadership.add(() => assert.fail('it is not the leader'));
    await leadership.end();
    await leadership.begin(assert.ifError);
    leadership.add(() => assert.fail('it is not the leader'));
    assert.equal(leadership.isNow, false);
  });

  test('S108: a hook that is taken back: its signal aborts, and the term still waits for it', async () => {
    const leadership = new Leadership();
    let isFinished = false;
    leadership.add(() => assert.fail('it was taken back'))();
    const takeBack = leadership.add(async (signal) => {
      await setTimeout(600_000, undefined, { signal }).catch(() => undefined);
      await setImmediate();
      isFinished = true;
    });
    void leadership.begin(assert.ifError);
    takeBack();
    takeBack();
    await leadership.end();
    assert.equal(isFinished, true);
  });

  test('S108: what a hook throws is told, but not the abort that it was told to wait for', async () => {
    const leadership = new Leadership();
    const told: unknown[] = [];
    const boom = new Error('boom');
    const late = new Error('the last job failed');
    leadership.add(() => {
      throw boom;
    });
    leadership.add(async (signal) => setTimeout(600_000, undefined, { signal }));
    leadership.add(async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      signal.throwIfAborted();
    });
    leadership.add(async (signal) => {
      await setTimeout(600_000, undefined, { signal }).catch(() => undefined);
      throw late;
    });
    void leadership.begin((error) => told.push(error));
    await setImmediate();
    assert.equal(leadership.isNow, true, 'it stays the leader');
    await leadership.end();
    assert.deepEqual(told, [boom, late]);
  });
});
