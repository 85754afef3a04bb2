// Numbers on the command line of long-running commands.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { numberAbove0, wholeNumber } from './command.ts';

suite('numbers on the command line', () => {
  test('an option that is not given has its default', () => {
    assert.equal(wholeNumber('rounds', undefined, 3), 3);
    assert.equal(wholeNumber('rounds', undefined, undefined), undefined);
    assert.equal(numberAbove0('minutes', undefined, 1), 1);
  });

  test('a value that is not allowed is an error with the name of its option', () => {
    assert.equal(wholeNumber('rounds', '7', 3), 7);
    for (const value of ['0', '-1', '1.5', 'many', '']) {
      assert.throws(
        () => wholeNumber('rounds', value, 3),
        /^Error: --rounds: '.*' is not a whole number from 1 on$/,
      );
    }
    assert.equal(numberAbove0('minutes', '0.5', 1), 0.5);
    for (const value of ['0', '-1', 'Infinity', 'many', '']) {
      assert.throws(
        () => numberAbove0('minutes', value, 1),
        /^Error: --minutes: '.*' is not a number above 0$/,
      );
    }
  });
});
