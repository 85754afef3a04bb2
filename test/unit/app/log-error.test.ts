// An error that goes to the app's logger: neither of them may harm what is going on, such as a drain.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Writable } from 'node:stream';
import { suite, test } from 'node:test';
import { pino } from 'pino';
import { LiveContext } from '../../../src/app/context.ts';
import { logError } from '../../../src/app/log-error.ts';
import { hostile } from '../../fixtures/hostile.js';

const explode = (): never => {
  throw new Error('this must not get out');
};

suite('an error for the app’s logger', () => {
  test('it is logged as it is, for the serializers that the app has', () => {
    const seen: unknown[] = [];
    const error = Object.assign(new Error('told'), { statusCode: 500 });
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

  test('a logger that throws does no harm; it is told on stderr', (t) => {
    const write = t.mock.method(fs, 'writeSync', () => 0);
    logError({ error: explode }, new Error('told'), 'a hook failed');
    const texts = write.mock.calls.map(({ arguments: [, bytes] }) => String(bytes));
    write.mock.restore();
    assert.match(texts.join(''), /fastify-clustered: a hook failed \(pid \d+\)\nError: told/);
  });

  test('S91: a drain hook that throws it ends no drain, with whatever logger', async (t) => {
    const write = t.mock.method(fs, 'writeSync', () => 0);
    const context = new LiveContext({
      role: 'worker',
      slot: 0,
      generation: 1,
      status: () => Promise.reject(new Error('not asked')),
      restart: () => Promise.reject(new Error('not asked')),
    });
    let ran = 0;
    for (const make of Object.values(hostile)) {
      context.onDrain(async () => {
        ran += 1;
        throw make() as Error;
      });
    }
    await context.becomeDraining((error) => logError({ error: explode }, error, 'an onDrain hook failed'));
    write.mock.restore();
    assert.equal(ran, Object.keys(hostile).length);
  });
});
