// An excerpt that went stale is noticed, and one that differs only from run to run is not.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { lineDifference, outputDifference, valuesOf } from './excerpt.ts';

const LOGGED = {
  level: 30,
  time: 1,
  pid: 77,
  hostname: 'h',
  name: 'fastify-clustered',
  worker: { slot: 1, generation: 2, pid: 78 },
  cause: 'rollout',
  msg: 'worker draining',
};

const SHOWN = {
  level: 30,
  pid: 4711,
  worker: { slot: 0, generation: 2, pid: 4722 },
  cause: 'rollout',
  msg: 'worker draining',
};

suite('excerpt', () => {
  test('pids, slots and what every excerpt leaves out make no difference', () => {
    assert.equal(lineDifference(SHOWN, LOGGED), undefined);
  });

  for (const [what, shown] of [
    ['a message', { ...SHOWN, msg: 'worker drains' }],
    ['a level', { ...SHOWN, level: 40 }],
    ['a value', { ...SHOWN, cause: 'scale' }],
    ['a value deeper down', { ...SHOWN, worker: { ...SHOWN.worker, generation: 3 } }],
    ['a type', { ...SHOWN, worker: { ...SHOWN.worker, pid: null } }],
    ['a key too many', { ...SHOWN, reason: 'a' }],
    ['a key too few', { ...SHOWN, cause: undefined, worker: undefined }],
  ] as const) {
    test(`${what} makes a difference`, () => {
      const excerpt: unknown = JSON.parse(JSON.stringify(shown));
      assert.notEqual(lineDifference(excerpt, LOGGED), undefined);
    });
  }

  test('an ellipsis stands for any text, and numbers in texts are not compared', () => {
    const logged = { msg: 'Server listening at http://127.0.0.1:34567', stack: 'Error: a\n at b' };
    assert.equal(
      lineDifference({ msg: 'Server listening at http://127.0.0.1:3000', stack: '…' }, logged),
      undefined,
    );
    assert.equal(lineDifference({ msg: 'Server … at …', stack: 'x' }, logged), undefined);
    assert.notEqual(lineDifference({ msg: 'Server … nowhere', stack: 'x' }, logged), undefined);
  });

  test('values are read from one line each, and from several', () => {
    assert.deepEqual(valuesOf('{"a":1}\n{"b":2}\n\n{\n  "c": 3\n}'), [{ a: 1 }, { b: 2 }, { c: 3 }]);
    assert.throws(() => valuesOf('{"a":1}\n{"b":'), /no JSON/);
  });

  test('output is compared line by line', () => {
    const output = 'a 12\n{"pid":1,"message":"Hello"}\nskipped\nskipped too\nend\n';
    assert.equal(outputDifference('a 7\n{"pid":9,"message":"Hello"}\n…\nend', output), undefined);
    assert.equal(outputDifference('a 7\n…', output), undefined);
    assert.match(outputDifference('a 7', output) ?? '', /there is more/);
    assert.match(outputDifference('a 0\n…', output) ?? '', /expected/);
    assert.match(outputDifference('b 7\n…', output) ?? '', /expected/);
    assert.match(outputDifference('a 7\n…\nnever', output) ?? '', /expected/);
    assert.match(outputDifference('a 7\n{"pid":9,"message":"Bye"}\n…', output) ?? '', /Bye/);
  });
});
