import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogLine } from '../helpers/service.ts';
import { unready } from './rollouts.ts';

function line(msg: string, time: number, pid: number): LogLine {
  return { msg, time, worker: { slot: 0, generation: 1, pid } };
}

suite('times without a ready worker', () => {
  const crashed = [
    line('worker forked', 1, 7),
    line('worker ready', 2, 7),
    line('worker crashed', 10, 7),
    line('worker forked', 11, 8),
  ];

  test('they end with the next one that is ready', () => {
    assert.deepEqual(unready([...crashed, line('worker ready', 30, 8)]), [{ from: 10, until: 30 }]);
  });

  test('one that the primary did not see the end of counts until it was killed', () => {
    assert.deepEqual(unready(crashed), []);
    assert.deepEqual(unready(crashed, 20), [{ from: 10, until: 20 }]);
  });
});
