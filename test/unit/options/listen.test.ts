// Where the service listens: one endpoint or several, each of one kind.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { validated } from './validated.ts';

suite('the option listen', () => {
  for (const [what, listen, message] of [
    [
      'a path beside a port',
      { port: 1, path: '/a' },
      /^listen\.path is '\/a'; allowed: nothing, beside listen\.port$/,
    ],
    [
      'a descriptor beside a path',
      { path: '/a', fd: 3 },
      /^listen\.fd is 3; allowed: nothing, beside listen\.path$/,
    ],
    [
      'a mode beside a host',
      { host: '::', mode: 0o600 },
      /^listen\.mode is 384; allowed: nothing, beside listen\.host$/,
    ],
    [
      'names only',
      [{ port: 1, name: 'a' }],
      /^listen\[0\]\.name is 'a'; allowed: at least one endpoint without/,
    ],
    ['a name alone', { port: 1, name: 'a' }, /^listen\.name is 'a'; allowed: nothing/],
    ['no endpoint', [], /^listen is \[\]; allowed: an object, or an array of at least one$/],
    ['the second of two', [{ port: 1 }, { port: -1 }], /^listen\[1\]\.port is -1; allowed: a whole number/],
    ['a path that is too long', { path: `/${'ä'.repeat(60)}` }, /at most 10\d bytes, .* \(it has 121\)$/],
  ] as const) {
    test(`${what} is refused, by its name`, () => {
      assert.throws(() => validated({ listen }), { code: 'FST_CLUSTERED_OPTION_INVALID', message });
    });
  }

  test('an option that is unknown is refused in an array, too', () => {
    assert.throws(() => validated({ listen: [{ port: 1 }, { prot: 2 }] }), {
      code: 'FST_CLUSTERED_OPTION_UNKNOWN',
      message: /^there is no option listen\[1\]\.prot;/,
    });
  });

  test('what says nothing about where leaves the choice to the environment', () => {
    assert.equal(validated({ listen: { backlog: 1, timeoutMs: 0, mode: 0o600 } }).listen.isChosen, false);
    assert.equal(validated({}, { env: { PORT: '80' } }).listen.isChosen, false);
    for (const listen of [{ port: 0 }, { host: '::' }, { path: '/a' }, { fd: 3 }, [{}]])
      assert.equal(validated({ listen }).listen.isChosen, true);
  });
});
