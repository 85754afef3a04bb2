// The app's view of its worker: state, readiness, signal and hooks.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { MutableContext } from '../../../src/app/context.ts';
import { logError } from '../../../src/app/log-error.ts';
import { hostile } from '../../fixtures/hostile.js';

suite('the context of a worker', () => {
  test('it boots, is ready, leaves with the service, drains', async () => {
    const context = createContext();
    const seen = (): readonly [string, boolean, boolean] => [
      context.state,
      context.readiness,
      context.signal.aborted,
    ];
    assert.deepEqual(seen(), ['booting', false, false]);
    context.markReady();
    assert.deepEqual(seen(), ['ready', true, false]);
    context.markLeaving();
    assert.deepEqual(seen(), ['leaving', false, false]);
    await context.startDraining(assert.ifError);
    assert.deepEqual(seen(), ['draining', false, true]);
    context.markReady();
    assert.deepEqual(seen(), ['draining', false, true]);
  });

  test('it stays ready while it drains because its successor has taken over', async () => {
    const context = createContext();
    context.markReady();
    await context.startDraining(assert.ifError);
    assert.deepEqual([context.state, context.readiness], ['draining', true]);
    context.markLeaving();
    assert.deepEqual([context.state, context.readiness], ['draining', false]);
  });

  test('a service that is about to stop while the worker boots: it never becomes ready for probes', () => {
    const context = createContext();
    context.markLeaving();
    assert.equal(context.state, 'booting');
    context.markReady();
    assert.equal(context.readiness, false);
  });

  test('the drain waits for every hook; a hook that is added later runs at once', async () => {
    const context = createContext();
    let finish: () => void = () => undefined;
    const seen: string[] = [];
    context.onDrain(() => void seen.push('first'));
    context.onDrain(() => new Promise<void>((resolve) => (finish = resolve)));
    const drained = context.startDraining(assert.ifError).then(() => seen.push('drained'));
    context.onDrain(() => void seen.push('late'));
    assert.deepEqual(seen, ['first', 'late']);
    finish();
    await drained;
    assert.deepEqual(seen, ['first', 'late', 'drained']);
  });

  test('a drain hook that is taken back is not called, neither when another one takes it back', async () => {
    const context = createContext();
    const seen: string[] = [];
    const hook = (): void => void seen.push('twice');
    const takeBack = context.onDrain(hook);
    context.onDrain(hook);
    context.onDrain(() => takeLast());
    const takeLast = context.onDrain(() => void seen.push('last'));
    takeBack();
    takeBack();
    await context.startDraining(assert.ifError);
    assert.deepEqual(seen, ['twice']);
    // It has run already.
    context.onDrain(() => void seen.push('late'))();
    assert.deepEqual(seen, ['twice', 'late']);
  });

  test('S108: it leads from its election until it drains; the drain waits for what the leader has to finish', async () => {
    const context = createContext();
    let finish: () => void = () => undefined;
    const seen: string[] = [];
    context.onLeader(async (signal) => {
      await new Promise<void>((resolve) => (finish = resolve));
      seen.push(`finished, aborted: ${signal.aborted}`);
    });
    assert.equal(context.leader, false);
    const term = context.lead(assert.ifError).then(() => seen.push('stepped down'));
    assert.equal(context.leader, true);
    const drained = context.startDraining(assert.ifError).then(() => seen.push('drained'));
    assert.equal(context.leader, false);
    await setImmediate();
    assert.deepEqual(seen, []);
    finish();
    await Promise.all([term, drained]);
    assert.equal(seen[0], 'finished, aborted: true');
    assert.deepEqual(new Set(seen.slice(1)), new Set(['drained', 'stepped down']));
  });

  test('S108: elected while it drains -> it steps down at once', async () => {
    const context = createContext();
    context.onLeader(() => assert.fail('it drains'));
    await context.startDraining(assert.ifError);
    await context.lead(assert.ifError);
    assert.equal(context.leader, false);
  });

  test('S109: a broadcast is checked before it is sent, and the topic of a listener before it is added', () => {
    const context = createContext();
    assert.equal(context.broadcast('users', 1), true);
    assert.throws(() => context.broadcast('users', undefined), { code: 'FST_CLUSTERED_OPTION_INVALID' });
    assert.throws(() => context.onBroadcast('', () => undefined), { code: 'FST_CLUSTERED_OPTION_INVALID' });
    const heard: number[] = [];
    context.onBroadcast<number>('users', (id) => heard.push(id));
    context.hear({ topic: 'users', json: '7' }, assert.ifError);
    assert.deepEqual(heard, [7]);
  });

  test('S91: a drain hook that throws anything at all does not end the drain, with whatever logger', async (t) => {
    const write = t.mock.method(fs, 'writeSync', () => 0);
    const context = createContext();
    let ran = 0;
    for (const make of Object.values(hostile)) {
      context.onDrain(async () => {
        ran += 1;
        throw make() as Error;
      });
    }
    await context.startDraining((error) => logError({ error: explode }, error, 'an onDrain hook failed'));
    write.mock.restore();
    assert.equal(ran, Object.keys(hostile).length);
  });
});

const explode = (): never => {
  throw new Error('this must not get out');
};

function createContext(): MutableContext {
  return new MutableContext({
    role: 'worker',
    slot: 0,
    generation: 1,
    status: () => Promise.reject(new Error('not called')),
    restart: () => Promise.reject(new Error('not called')),
    broadcast: () => true,
    addServer: () => () => undefined,
    listen: async () => undefined,
  });
}
