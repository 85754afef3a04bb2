// What can be broadcast: a topic, and data that JSON can hold, within a limit.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Backlog, MAX_WAITING_BYTES } from '../../../src/protocol/backlog.ts';
import { MAX_DATA_BYTES, toBroadcast } from '../../../src/protocol/broadcast.ts';

suite('a broadcast', () => {
  test('S109: its data travels as JSON', () => {
    const data = { id: 7, at: new Date(0), left: undefined };
    assert.deepEqual(toBroadcast('users', data), {
      topic: 'users',
      json: '{"id":7,"at":"1970-01-01T00:00:00.000Z"}',
    });
    for (const [plain, json] of [
      [null, 'null'],
      ['text', '"text"'],
      [0, '0'],
    ]) {
      assert.equal(toBroadcast('users', plain).json, json);
    }
  });

  test('S109: a topic that is none -> the error names it, and what is allowed', () => {
    for (const topic of ['', 'x'.repeat(257), 7, undefined, null, {}]) {
      assert.throws(() => toBroadcast(topic as string, 1), {
        code: 'FST_CLUSTERED_OPTION_INVALID',
        message: /^topic is .*; allowed: a string of 1 to 256 characters$/,
      });
    }
  });

  test('S109: data that JSON cannot hold -> the error says so', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const throws = {
      toJSON(): never {
        throw new Error('not this one');
      },
    };
    for (const data of [undefined, () => 1, Symbol('s'), 1n, cycle, throws]) {
      assert.throws(() => toBroadcast('users', data), {
        code: 'FST_CLUSTERED_OPTION_INVALID',
        message: /^data is [\s\S]*; allowed: a value that JSON\.stringify\(\) turns into text$/,
      });
    }
  });

  test('S109: data up to the limit, in bytes, and not one more', () => {
    const most = 'x'.repeat(MAX_DATA_BYTES - '""'.length);
    assert.equal(toBroadcast('users', most).json.length, MAX_DATA_BYTES);
    for (const data of [`${most}x`, 'é'.repeat(MAX_DATA_BYTES / 2)]) {
      assert.throws(() => toBroadcast('users', data), { code: 'FST_CLUSTERED_BROADCAST_TOO_LARGE' });
    }
  });
});

suite('a backlog', () => {
  test('S109: what waits is bounded, and what is written makes room again', () => {
    const backlog = new Backlog();
    const written: (() => void)[] = [];
    const large = toBroadcast('users', 'x'.repeat(5_000_000));
    const send = (): boolean => backlog.send(large, (done) => written.push(done));
    assert.deepEqual([send(), send(), send(), send()], [true, true, true, false]);
    written.shift()?.();
    assert.deepEqual([send(), send()], [true, false]);
    for (const done of written) done();
    assert.equal(backlog.isEmpty, true);
  });

  test('S109: many small ones are bounded, too', () => {
    const backlog = new Backlog();
    const small = toBroadcast('t', 1);
    let count = 0;
    while (backlog.send(small, () => undefined)) count += 1;
    assert.ok(count > 1_000 && count <= MAX_WAITING_BYTES / 1_024);
  });
});
