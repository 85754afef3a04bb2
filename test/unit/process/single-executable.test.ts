// Which processes are single executable applications.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { isSingleExecutable } from '../../../src/process/single-executable.ts';

suite('single executable application', () => {
  test('S94: plain Node is none; what pkg has made is one', (t) => {
    assert.equal(isSingleExecutable(), false);
    t.after(() => Reflect.deleteProperty(process, 'pkg'));
    Reflect.set(process, 'pkg', {});
    assert.equal(isSingleExecutable(), true);
  });
});
