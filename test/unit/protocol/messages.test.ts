// Messages: what is ours passes unharmed, everything else is nobody's.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fromErrorInfo, toErrorInfo } from '../../../src/protocol/error-info.ts';
import { parsePrimaryMessage, parseWorkerMessage, wrap } from '../../../src/protocol/messages.ts';
import type { PrimaryMessage, WorkerMessage } from '../../../src/protocol/messages.ts';

const ERROR = { name: 'TypeError', message: 'broken', stack: 'TypeError: broken\n  at x', code: 'E_X' };

suite('messages', () => {
  const fromWorker: readonly WorkerMessage[] = [
    { type: 'hello', protocol: 1 },
    { type: 'ready' },
    { type: 'heartbeat' },
    { type: 'retire' },
    { type: 'failing', error: ERROR },
    { type: 'ask', id: 1, question: 'status' },
  ];
  const fromPrimary: readonly PrimaryMessage[] = [
    { type: 'acknowledged' },
    { type: 'leave' },
    { type: 'drain', cause: 'rollout', final: false, idleMs: 1, graceMs: 2, closeMs: 3 },
    { type: 'answer', id: 1, value: { anything: true } },
  ];

  test('every message survives the channel, with fields of others left out', () => {
    for (const message of fromWorker) assert.deepEqual(parseWorkerMessage(sent(message)), message);
    for (const message of fromPrimary) assert.deepEqual(parsePrimaryMessage(sent(message)), message);
  });

  test('S38: what is not ours is not understood', () => {
    const strangers: readonly unknown[] = [
      undefined,
      null,
      0,
      'ready',
      [],
      {},
      { type: 'ready' },
      { 'watch:import': ['x'] },
      ...['fastify-clustered'].flatMap((key) => [
        { [key]: null },
        { [key]: 'ready' },
        { [key]: [] },
        { [key]: { type: 'no' } },
      ]),
    ];
    for (const stranger of strangers) {
      assert.equal(parseWorkerMessage(stranger), undefined);
      assert.equal(parsePrimaryMessage(stranger), undefined);
    }
  });

  test('S38: a message of ours with any field missing or of another type is not understood', () => {
    for (const message of [...fromWorker, ...fromPrimary]) {
      const parse = fromWorker.some((known) => known === message) ? parseWorkerMessage : parsePrimaryMessage;
      // The value of an answer may be anything, and so may the error of a failure.
      for (const field of Object.keys(message).filter((name) => name !== 'value' && name !== 'error')) {
        for (const broken of [undefined, null, {}, NaN]) {
          assert.equal(
            parse({ 'fastify-clustered': { ...message, [field]: broken } }),
            undefined,
            `${message.type}.${field}`,
          );
        }
      }
    }
  });

  test('S91: that a worker fails is never dropped, whatever it says of its error', () => {
    for (const error of [undefined, null, 'broken', {}, { name: 1, message: { text: 'broken' } }]) {
      const heard = parseWorkerMessage({ 'fastify-clustered': { type: 'failing', error } });
      assert.equal(heard?.type, 'failing');
    }
  });

  test('an error keeps its name, message, code, stack and causes', () => {
    const cause = new RangeError('the reason');
    const error = Object.assign(new TypeError('broken', { cause }), { code: 'E_X' });
    const copy = fromErrorInfo(JSON.parse(JSON.stringify(toErrorInfo(error))));
    assert.ok(copy instanceof TypeError);
    assert.equal(copy.name, 'TypeError');
    assert.equal(copy.message, 'broken');
    assert.equal(Reflect.get(copy, 'code'), 'E_X');
    assert.match(copy.stack ?? '', /messages\.test/);
    assert.match(copy.stack ?? '', /\[cause\]: RangeError: the reason/);
  });

  test('a class of error that is not known here keeps its name', () => {
    class PoolError extends Error {
      override name = 'PoolError';
    }
    const copy = fromErrorInfo(toErrorInfo(new PoolError('empty')));
    assert.equal(copy.name, 'PoolError');
    assert.deepEqual(fromErrorInfo(toErrorInfo('a string')).message, "'a string'");
  });
});

function sent(message: WorkerMessage | PrimaryMessage): unknown {
  return JSON.parse(JSON.stringify(wrap(message)));
}
