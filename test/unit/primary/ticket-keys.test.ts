// The primary's ticket keys: random, and others after each rotation.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TicketKeys } from '../../../src/primary/ticket-keys.ts';

suite('ticket keys', () => {
  test('S20: 48 bytes, of which no two primaries have the same', () => {
    const [one, another] = [new TicketKeys(null, () => undefined), new TicketKeys(null, () => undefined)];
    assert.equal(Buffer.from(one.current, 'base64').length, 48);
    assert.notEqual(one.current, another.current);
  });

  test('S20: without rotation they stay', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const keys = new TicketKeys(null, () => assert.fail('they are rotated'));
    const { current } = keys;
    keys.start();
    t.mock.timers.tick(2 ** 31 - 1);
    assert.equal(keys.current, current);
  });

  test('S20: rotated -> new ones, which whoever is told finds; once stopped they stay', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const seen: string[] = [];
    const keys = new TicketKeys(1_000, () => seen.push(keys.current));
    const first = keys.current;
    keys.start();
    t.mock.timers.tick(2_000);
    assert.equal(new Set([first, ...seen]).size, 3);
    keys.stop();
    t.mock.timers.tick(2_000);
    assert.equal(seen.length, 2);
    assert.equal(keys.current, seen.at(-1));
  });
});
