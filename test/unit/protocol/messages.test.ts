// Every message of ours survives the channel; everything else, and every broken message, is ignored.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';
import { wrap } from '../../../src/protocol/envelope.ts';
import { parsePrimaryMessage } from '../../../src/protocol/from-primary.ts';
import type { PrimaryMessage } from '../../../src/protocol/from-primary.ts';
import { parseWorkerMessage } from '../../../src/protocol/from-worker.ts';
import type { WorkerMessage } from '../../../src/protocol/from-worker.ts';

type Examples<Message extends { readonly type: string }> = {
  readonly [Type in Message['type']]: Extract<Message, { readonly type: Type }>;
};

const ERROR = { name: 'TypeError', message: 'broken', stack: 'TypeError: broken\n  at x', code: 'E_X' };

/** The compiler reports a message that has no example. */
const FROM_WORKER: Examples<WorkerMessage> = {
  hello: { type: 'hello', protocol: 1 },
  debugged: { type: 'debugged' },
  ready: { type: 'ready', secure: true },
  heartbeat: { type: 'heartbeat', debugged: true, connections: 3 },
  failing: { type: 'failing', error: ERROR },
  retire: { type: 'retire' },
  steppedDown: { type: 'steppedDown' },
  'connections-cut': { type: 'connections-cut', requests: 2, upgraded: 1 },
  broadcast: { type: 'broadcast', topic: 'a', json: '{}' },
  'handlers-held': { type: 'handlers-held', handlers: [{ event: 'SIGTERM', by: '/app/main.js:7' }] },
  'endpoints-unserved': { type: 'endpoints-unserved', names: ['metrics'] },
  request: { type: 'request', id: 1, name: 'status' },
};
const FROM_PRIMARY: Examples<PrimaryMessage> = {
  'ticket-keys': { type: 'ticket-keys', keys: 'MDEyMw==' },
  acknowledged: { type: 'acknowledged' },
  elected: { type: 'elected' },
  deliver: { type: 'deliver', topic: 'a', json: '{}' },
  shed: { type: 'shed', connections: 3 },
  leave: { type: 'leave' },
  drain: { type: 'drain', final: false, isLastOfSlot: true, idleMs: 1, graceMs: 2 },
  response: { type: 'response', id: 1, value: { anything: true } },
};

const DIRECTIONS: readonly (readonly [
  from: string,
  examples: Readonly<Record<string, { readonly type: string }>>,
  parse: (value: unknown) => unknown,
])[] = [
  ['worker', FROM_WORKER, parseWorkerMessage],
  ['primary', FROM_PRIMARY, parsePrimaryMessage],
];

/** Any string is a topic, or the text of data that its reader has to parse. */
function wrongWords(field: string): readonly string[] {
  return ['topic', 'json', 'keys'].includes(field) ? [] : ['no such name', '__proto__'];
}

suite('messages', () => {
  for (const [from, examples, parse] of DIRECTIONS) {
    for (const message of Object.values(examples)) {
      const named = `${message.type}, from the ${from}`;

      test(`${named}: it survives the channel`, () => {
        assert.deepEqual(parse(sent(message)), message);
      });

      test(`${named}: unknown fields are left out`, () => {
        assert.deepEqual(parse(sent(Object.assign({ unknown: 1 }, message))), message);
      });

      test(`S38: ${named}: with any field missing or broken it is ignored`, () => {
        // The value of a response may be anything, and so may the error of a failure; a flag that is missing is false, a
        // count that is missing is not known.
        for (const field of Object.keys(message).filter(
          (name) =>
            !['value', 'error', 'secure', 'debugged', 'isLastOfSlot'].includes(name) &&
            message.type !== 'heartbeat',
        )) {
          for (const broken of [undefined, null, {}, NaN, ...wrongWords(field)]) {
            assert.equal(
              parse(sent({ ...message, [field]: broken })),
              undefined,
              `${field}: ${inspect(broken)}`,
            );
            assert.equal(
              parse(wrap({ ...message, [field]: broken })),
              undefined,
              `${field}: ${inspect(broken)}`,
            );
          }
        }
      });
    }
  }

  test('S38: what is not a message of ours is ignored', () => {
    for (const value of [
      undefined,
      null,
      0,
      'ready',
      [],
      {},
      { type: 'ready' },
      { 'watch:import': ['x'] },
      { 'fastify-clustered': null },
      { 'fastify-clustered': 'ready' },
      { 'fastify-clustered': [] },
      { 'fastify-clustered': {} },
      ...['no such type', '__proto__', 'toString', 'hasOwnProperty', 1, null].map((type) => ({
        'fastify-clustered': { type },
      })),
    ]) {
      for (const [, , parse] of DIRECTIONS) assert.equal(parse(value), undefined);
    }
  });

  test('S38: a message of the other direction is ignored', () => {
    for (const message of Object.values(FROM_WORKER))
      assert.equal(parsePrimaryMessage(sent(message)), undefined);
    for (const message of Object.values(FROM_PRIMARY))
      assert.equal(parseWorkerMessage(sent(message)), undefined);
  });

  test('every name of a request is understood', () => {
    for (const name of ['status', 'restart'] as const) {
      const message: WorkerMessage = { ...FROM_WORKER.request, name };
      assert.deepEqual(parseWorkerMessage(sent(message)), message);
    }
  });

  test('S91: that a worker fails is never dropped, whatever it says of its error', () => {
    for (const error of [undefined, null, 'broken', {}, { name: 1, message: { text: 'broken' } }]) {
      const received = parseWorkerMessage(wrap(Object.assign({ type: 'failing' }, { error })));
      assert.equal(received?.type, 'failing');
    }
  });
});

/** As the other process receives it. */
function sent(message: { readonly type: string }): unknown {
  return JSON.parse(JSON.stringify(wrap(message)));
}
