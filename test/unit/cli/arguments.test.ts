import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readArguments } from '../../../src/cli/arguments.ts';

suite('arguments of the program', () => {
  for (const [words, env, expected] of [
    [['restart', '--control', '/a'], {}, { command: { command: 'restart' }, path: '/a', json: false }],
    [['--control=/a', 'status', '--json'], {}, { command: { command: 'status' }, path: '/a', json: true }],
    [
      ['scale', '4'],
      { FASTIFY_CLUSTERED_CONTROL_PATH: '/b' },
      { command: { command: 'scale', size: 4 }, path: '/b', json: false },
    ],
    [
      ['stop', '--control', '/a'],
      { FASTIFY_CLUSTERED_CONTROL_PATH: '/b' },
      { command: { command: 'stop' }, path: '/a', json: false },
    ],
  ] as const) {
    test(`${words.join(' ')} is understood`, () => {
      assert.deepEqual(readArguments(words, env), { type: 'run', ...expected });
    });
  }

  for (const [words, problem] of [
    [[], /a command is missing/],
    [['reload'], /there is no command reload/],
    [['toString'], /there is no command toString/],
    [['restart', 'now'], /restart takes no further argument, but came now/],
    [['restart', '--force'], /force/],
    [['scale'], /scale takes one whole number/],
    [['scale', '1', '2'], /scale takes one whole number/],
    [['scale', '1.5'], /scale takes one whole number/],
    [['status', '--control'], /control/],
  ] as const) {
    test(`"${words.join(' ')}" is refused, and the error says why`, () => {
      const read = readArguments([...words], { FASTIFY_CLUSTERED_CONTROL_PATH: '/b' });
      assert.ok(read.type === 'usage');
      assert.match(read.problem, problem);
    });
  }

  test('without a socket it asks which service is meant', () => {
    for (const env of [{}, { FASTIFY_CLUSTERED_CONTROL_PATH: ' ' }]) {
      const read = readArguments(['status'], env);
      assert.ok(read.type === 'usage');
      assert.match(
        read.problem,
        /which service\? Pass --control PATH, or set FASTIFY_CLUSTERED_CONTROL_PATH/,
      );
    }
  });

  test('--help wins over everything', () => {
    assert.deepEqual(readArguments(['-h', 'scale'], {}), { type: 'help' });
  });
});
