// What is refused: with one error, which names the option, what came, and what is allowed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';
import { complete, validateSize } from '../../../src/options/index.ts';
import { leaves, nested } from '../../helpers/leaves.ts';
import { validated } from './validated.ts';

/** Every option that is a number, with its limits. */
const NUMBERS: readonly (readonly [name: string, min: number, max: number])[] = [
  ['workers', 0, 1024],
  ['listen.port', 0, 65_535],
  ['listen.mode', 0, 0o777],
  ['listen.backlog', 1, 65_535],
  ['listen.timeoutMs', 0, 2 ** 31 - 1],
  ['boot.timeoutMs', 1, 2 ** 31 - 1],
  ['boot.concurrency', 1, 1024],
  ['respawn.minUptimeMs', 0, 2 ** 31 - 1],
  ['respawn.maxEarlyExits', 1, 1_000_000],
  ['respawn.backoff.initialMs', 1, 2 ** 31 - 1],
  ['respawn.backoff.maxMs', 1, 2 ** 31 - 1],
  ['rollout.maxSurge', 0, 1024],
  ['rollout.maxUnavailable', 0, 1024],
  ['rollout.minReadyMs', 0, 2 ** 31 - 1],
  ['rollout.idleMs', 0, 2 ** 31 - 1],
  ['rollout.graceMs', 0, 2 ** 31 - 1],
  ['shutdown.delayMs', 0, 2 ** 31 - 1],
  ['shutdown.idleMs', 0, 2 ** 31 - 1],
  ['shutdown.graceMs', 0, 2 ** 31 - 1],
  ['closeMs', 1, 2 ** 31 - 1],
  ['watchdog.timeoutMs', 1, 2 ** 31 - 1],
  ['health.port', 0, 65_535],
];

const GROUPS = [
  'listen',
  'boot',
  'respawn',
  'respawn.backoff',
  'rollout',
  'shutdown',
  'control',
  'tls',
  'watchdog',
  'health',
  'env',
];

suite('options that are refused', () => {
  test('S65: the limits of every number are tested', () => {
    const options = leaves(
      complete(
        { health: {} },
        { env: {}, execArgv: [], capacity: { cpus: 6, workers: 6, memoryBytes: null } },
      ),
    );
    assert.deepEqual(
      // Its numbers need not be whole.
      [...NUMBERS.map(([name]) => name), 'heapShare'],
      options.flatMap(([name, value]) => (typeof value === 'number' ? [name] : [])),
    );
  });

  for (const [name, min, max] of NUMBERS) {
    test(`S65: ${name} must be a whole number from ${min} to ${max}`, () => {
      for (const value of [NaN, Infinity, -1, 1.5, '1', true, null, {}, [], min - 1, max + 1]) {
        assert.throws(() => validated(nested(name, value)), refusal(name), `${name}: ${inspect(value)}`);
      }
    });
  }

  for (const name of GROUPS) {
    test(`S65: ${name} must be an object`, () => {
      for (const value of ['x', 1, true, null, []]) {
        assert.throws(() => validated(nested(name, value)), refusal(name), `${name}: ${inspect(value)}`);
      }
    });
  }

  for (const [name, values] of [
    ['listen.host', ['', 1, {}, null]],
    ['health.host', ['', 1, {}, null]],
    ['health.path', ['', 1, {}]],
    ['tls.rotateTicketKeysMs', ['1', 0, -1, 1.5, NaN, 2 ** 31, true, {}]],
    ['control.path', ['', 1, {}, '\0abstract']],
    ['listen.ipv6Only', ['', 1, null]],
    ['listen.path', ['', 1, null, 'app.sock', '\0app', '@app', '/run/', `/${'x'.repeat(107)}`]],
    ['listen.owner', ['', -1, 1.5, 2 ** 32 - 1, null]],
    ['listen.group', ['', -1, 1.5, 2 ** 32 - 1, null]],
    ['listen.fd', ['', 0, 2, -1, 3.5, null, {}]],
    ['listen.name', ['', 1, null]],
    ['entry', ['', 1, null]],
    ['cwd', ['', 1, null]],
    ['execArgv', ['x', [1], null]],
    ['env.X', [1, null]],
    ['workers', ['all', 'AUTO']],
    ['balance', ['', 'even', 1, null]],
    ['shed', [0, 1, 'no', null, {}]],
    ['heapShare', [0, -0.5, 1.01, 60, NaN, '0.5', null]],
    ['rollout.maxDraining', [0, 1.5, NaN, '1', null, {}]],
    ['logger', ['info', 1, null, [], { info: () => undefined }]],
  ] as const) {
    test(`S65: ${name} refuses a value of another type`, () => {
      for (const value of values) assert.throws(() => validated(nested(name, value)), refusal(name));
    });
  }

  for (const [name, known] of [
    ['worker', 'workers, listen, balance, shed, boot'],
    ['rollout.maxsurge', 'maxSurge, maxUnavailable'],
    ['respawn.backoff.factor', 'initialMs, maxMs'],
    ['listen.hostname', 'port, host, ipv6Only, path, mode, owner, group, fd, name, backlog, timeoutMs'],
    ['__proto_', 'workers, listen, balance, shed, boot'],
  ] as const) {
    test(`S65: ${name} is unknown, and the error lists the known options`, () => {
      assert.throws(() => validated(nested(name, 1)), {
        code: 'FST_CLUSTERED_OPTION_UNKNOWN',
        message: new RegExp(`^there is no option ${name.replaceAll('.', '\\.')}; the options are: ${known}`),
      });
    });
  }

  for (const [name, places] of [
    ['port', 'listen.port and health.port'],
    ['minReadyMs', 'rollout.minReadyMs'],
    ['graceMs', 'rollout.graceMs and shutdown.graceMs'],
    ['initialMs', 'respawn.backoff.initialMs'],
    ['timeoutMs', 'listen.timeoutMs, boot.timeoutMs, and watchdog.timeoutMs'],
    ['listen.workers', 'workers'],
    ['rollout.delayMs', 'shutdown.delayMs'],
    ['watchdog.closeMs', 'closeMs'],
  ] as const) {
    test(`S91: ${name} stands in the wrong place, and the error says where it belongs`, () => {
      assert.throws(() => validated(nested(name, 1)), {
        code: 'FST_CLUSTERED_OPTION_UNKNOWN',
        message: new RegExp(`^there is no option ${name}, but ${places}; the options are: `),
      });
    });
  }

  for (const [name, options] of [
    ['rollout.maxUnavailable', { rollout: { maxSurge: 0 } }],
    ['rollout.idleMs', { rollout: { idleMs: 2_000, graceMs: 1_000 } }],
    ['shutdown.idleMs', { shutdown: { idleMs: 8_000 } }],
    ['respawn.backoff.initialMs', { respawn: { backoff: { initialMs: 500, maxMs: 100 } } }],
  ] as const) {
    test(`S65: ${name} is refused when it contradicts another option`, () => {
      assert.throws(() => validated(options), refusal(name));
    });
  }

  for (const [variable, value] of [
    ['WEB_CONCURRENCY', 'many'],
    ['WEB_CONCURRENCY', '-1'],
    ['WEB_CONCURRENCY', '1025'],
    ['PORT', '80.5'],
    ['PORT', '65536'],
  ] as const) {
    test(`S65: the environment variable ${variable}=${value} is refused by name`, () => {
      assert.throws(() => validated({}, { env: { [variable]: value } }), {
        code: 'FST_CLUSTERED_OPTION_INVALID',
        message: new RegExp(`^the environment variable ${variable} is '?${value}`),
      });
    });
  }

  test('S65: the error says what came and what is allowed', () => {
    for (const [name, value, message] of [
      ['rollout.maxSurge', 'two', "rollout.maxSurge is 'two'; allowed: a whole number from 0 to 1024"],
      ['closeMs', 0, 'closeMs is 0; allowed: a whole number of milliseconds from 1 to 2147483647'],
      ['workers', -1, "workers is -1; allowed: 'auto' or a whole number from 0 to 1024"],
    ] as const) {
      assert.throws(() => validated(nested(name, value)), { message });
    }
  });

  test('S65: the options as a whole must be an object', () => {
    for (const options of ['x', 1, null, []]) assert.throws(() => validated(options), refusal('options'));
  });

  test('S52: a fleet scales to any size that workers may have, except 0', () => {
    assert.deepEqual(
      [1, 1024].map((size) => validateSize(size, 'size')),
      [1, 1024],
    );
    for (const size of [0, 1025, 5e6, 1.5, Number.NaN, Infinity, '2', undefined, null]) {
      assert.throws(() => validateSize(size, 'size'), {
        code: 'FST_CLUSTERED_OPTION_INVALID',
        message: `size is ${inspect(size)}; allowed: a whole number from 1 to 1024`,
      });
    }
  });
});

function refusal(name: string): { code: string; message: RegExp } {
  return { code: 'FST_CLUSTERED_OPTION_INVALID', message: new RegExp(`^${name.replaceAll('.', '\\.')} is `) };
}
