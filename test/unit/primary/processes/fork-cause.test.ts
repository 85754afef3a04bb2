// A process that could not be made: the error says what an operator can change.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { forkError } from '../../../../src/primary/processes/fork-cause.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`spawn /usr/bin/node ${code}`), { code });
}

suite('a fork that fails', () => {
  for (const [code, words] of [
    [
      'EAGAIN',
      /^spawn \/usr\/bin\/node EAGAIN: there are too many processes or threads \(ulimit -u, pids\.max/,
    ],
    ['ENOMEM', /no memory for another process/],
    ['EMFILE', /the primary has too many open files \(ulimit -n\)/],
    ['ENOENT', /does not exist any more/],
    ['EACCES', /may not run/],
  ] as const) {
    test(`S91: ${code} -> its message and its stack say what it means`, () => {
      const { message, stack, code: kept } = forkError(systemError(code));
      assert.match(message, words);
      assert.equal(stack?.split('\n')[0], `Error: ${message}`);
      assert.equal(kept, code);
    });
  }

  test('S91: too many threads are not taken for a lack of memory', () => {
    assert.doesNotMatch(forkError(systemError('EAGAIN')).message, /memory/);
  });

  test('S91: any other error stays as it is', () => {
    for (const code of ['EPERM', 'toString', 'FST_CLUSTERED_RELEASE_NOT_FOUND'])
      assert.equal(forkError(systemError(code)).message, `spawn /usr/bin/node ${code}`);
    assert.equal(forkError(new Error('plain')).message, 'plain');
  });
});
