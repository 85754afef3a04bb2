// The bench's command line.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CONTENDERS, MEASURES, parseOptions } from './options.ts';

suite('the options of the bench', () => {
  test('without any: every measure, at its own length', () => {
    const { only, rounds, seconds, workers, requests } = parseOptions([]);
    assert.deepEqual(only, MEASURES);
    assert.deepEqual({ rounds, seconds, workers, requests }, { ...NOTHING, workers: 2, requests: 200_000 });
  });

  test('--only keeps the order of the measures, whatever order they are asked for in', () => {
    assert.deepEqual(parseOptions(['--only', 'cpu,fresh']).only, ['fresh', 'cpu']);
    assert.deepEqual(parseOptions(['--contenders', 'cluster,ours']).contenders, ['ours', 'cluster']);
    assert.deepEqual(parseOptions([]).contenders, CONTENDERS);
  });

  test('what is wrong is named', () => {
    assert.throws(() => parseOptions(['--only', 'fresh,speed']), /--only: 'speed' is none of fresh,/);
    assert.throws(() => parseOptions(['--rounds', '0']), /--rounds: '0' is not a whole number/);
    assert.throws(() => parseOptions(['--workers', 'many']), /--workers: 'many'/);
    assert.throws(() => parseOptions(['--fast']), /--fast/);
  });
});

const NOTHING = { rounds: undefined, seconds: undefined };
