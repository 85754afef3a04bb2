// What a worker does not read is bounded, and what was dropped is told once.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { toBroadcast } from '../../../../src/protocol/broadcast.ts';
import { Outbox } from '../../../../src/primary/processes/outbox.ts';

const LARGE = toBroadcast('users', 'x'.repeat(5_000_000));

suite('outbox', () => {
  test('S109: a worker that does not read -> three large ones wait for it, the others are dropped; told once it has read', () => {
    const { outbox, written, dropped } = create();
    for (let count = 0; count < 10; count += 1) outbox.send(LARGE);
    assert.deepEqual([written.length, dropped], [3, []]);
    written.shift()?.();
    outbox.send(LARGE);
    assert.deepEqual([written.length, dropped], [3, []], 'it is not over yet');
    for (const done of written.splice(0)) done();
    assert.deepEqual(dropped, [7]);
    outbox.send(LARGE);
    written.shift()?.();
    assert.deepEqual(dropped, [7], 'nothing was dropped since');
  });

  test('S109: a worker that reads -> nothing is told', () => {
    const dropped: number[] = [];
    const outbox = new Outbox({
      write: (_broadcast, written) => written(),
      dropped: (count) => dropped.push(count),
    });
    for (let count = 0; count < 100; count += 1) outbox.send(LARGE);
    assert.deepEqual(dropped, []);
  });
});

function create() {
  const written: (() => void)[] = [];
  const dropped: number[] = [];
  const outbox = new Outbox({
    write: (_broadcast, done) => void written.push(done),
    dropped: (count) => dropped.push(count),
  });
  return { outbox, written, dropped };
}
