// An error for the app's logger: neither of the two may harm what is going on, such as a drain.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Writable } from 'node:stream';
import { suite, test } from 'node:test';
import { pino } from 'pino';
import { logError } from '../../../src/app/log-error.ts';
import { hostile } from '../../fixtures/hostile.js';

const explode = (): never => {
  throw new Error('this must not get out');
};

suite('an error for the app’s logger', () => {
  test('the logger gets the error itself, for the app’s serializers', () => {
    const seen: unknown[] = [];
    const error = Object.assign(new Error('broken'), { statusCode: 500 });
    logError({ error: (details, message) => seen.push(details, message) }, error, 'a hook failed');
    assert.deepEqual(seen, [{ err: error }, 'a hook failed']);
  });

  for (const [kind, make] of Object.entries(hostile)) {
    test(`S91: pino, and ${kind}: one line`, () => {
      const lines: string[] = [];
      const stream = new Writable({
        write(chunk, _encoding, done) {
          lines.push(String(chunk));
          done();
        },
      });
      logError(pino(stream), make(), 'a hook failed');
      assert.equal(lines.length, 1);
      assert.equal(JSON.parse(lines[0] ?? '').msg, 'a hook failed');
      if (kind === 'huge') assert.ok((lines[0] ?? '').length < 100_000);
    });
  }

  test('a logger that throws does no harm: the error goes to stderr', (t) => {
    const write = t.mock.method(fs, 'writeSync', () => 0);
    logError({ error: explode }, new Error('broken'), 'a hook failed');
    const texts = write.mock.calls.map(({ arguments: [, bytes] }) => String(bytes));
    write.mock.restore();
    assert.match(texts.join(''), /fastify-clustered: a hook failed \(pid \d+\)\nError: broken/);
  });
});
