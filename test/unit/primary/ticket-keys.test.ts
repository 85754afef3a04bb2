// The primary's ticket keys: random, and others after each rotation.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TicketKeys } from '../../../src/primary/ticket-keys.ts';

suite('ticket keys', () => {
  test('S20: two halves of 32 random bytes, of which no two are the same', () => {
    const [one, another] = [new TicketKeys(null, () => undefined), new TicketKeys(null, () => undefined)];
    const halves = [one.secret, one.current, another.secret, another.current];
    assert.equal(new Set(halves).size, 4);
    for (const half of halves) assert.equal(Buffer.from(half, 'base64').length, 32);
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
