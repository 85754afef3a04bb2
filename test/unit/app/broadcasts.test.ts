// The listeners for what other workers broadcast.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Broadcasts } from '../../../src/app/broadcasts.ts';

suite('broadcasts', () => {
  test('S109: every listener of the topic gets a copy of its own; others get nothing', () => {
    const broadcasts = new Broadcasts();
    const heard: unknown[] = [];
    const collect = (data: unknown): void => {
      heard.push(structuredClone(data));
      Object.assign(Object(data), { spoilt: true });
    };
    broadcasts.add('users', collect);
    broadcasts.add('users', collect);
    broadcasts.add('orders', () => assert.fail('of another topic'));
    broadcasts.deliver({ topic: 'users', json: '{"id":7}' }, assert.ifError);
    assert.deepEqual(heard, [{ id: 7 }, { id: 7 }]);
  });

  test('S109: one that is taken back hears nothing more, whichever of several it is', () => {
    const broadcasts = new Broadcasts();
    let heard = 0;
    const listener = (): void => void (heard += 1);
    const takeBack = broadcasts.add('users', listener);
    broadcasts.add('users', listener);
    takeBack();
    takeBack();
    broadcasts.deliver({ topic: 'users', json: '1' }, assert.ifError);
    assert.equal(heard, 1);
  });

  test('S109: one that throws or rejects is told of, and does not keep others from hearing', async () => {
    const broadcasts = new Broadcasts();
    const told: unknown[] = [];
    const [threw, rejected] = [new Error('threw'), new Error('rejected')];
    let isHeard = false;
    broadcasts.add('users', () => {
      throw threw;
    });
    broadcasts.add('users', () => Promise.reject(rejected));
    broadcasts.add('users', () => void (isHeard = true));
    broadcasts.deliver({ topic: 'users', json: 'null' }, (error) => told.push(error));
    await setImmediate();
    assert.equal(isHeard, true);
    assert.deepEqual(told, [threw, rejected]);
  });
});
