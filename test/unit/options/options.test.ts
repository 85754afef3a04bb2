// Every option: what is refused, with one error that names it, and what it is by default.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';
import { validate, validateSize } from '../../../src/options/index.ts';
import type { ClusteredOptions } from '../../../src/options/index.ts';

const SURROUNDINGS = { env: {}, execArgv: ['--enable-source-maps'], parallelism: 6 };

function validated(options: unknown = {}, env: Record<string, string> = {}): ReturnType<typeof validate> {
  return validate(options as ClusteredOptions, { ...SURROUNDINGS, env });
}

suite('options', () => {
  test('the defaults', () => {
    assert.deepEqual(validated(), {
      workers: 6,
      listen: { port: 3000, host: 'localhost', backlog: 511 },
      policy: {
        maxWorkers: 1024,
        boot: { timeoutMs: 30_000, concurrency: 12 },
        respawn: { minUptimeMs: 5_000, maxEarlyExits: 10, backoff: { initialMs: 100, maxMs: 30_000 } },
        rollout: { maxSurge: 1, maxUnavailable: 0, minReadyMs: 1_000, idleMs: 5_000, graceMs: 30_000 },
        shutdown: { delayMs: 0, idleMs: 1_000, graceMs: 7_000 },
        closeMs: 2_000,
        watchdog: { timeoutMs: 30_000 },
      },
      entry: null,
      cwd: null,
      env: {},
      execArgv: ['--enable-source-maps'],
      logger: true,
    });
  });

  test('the environment variables stand in for options, and options win', () => {
    const env = { WEB_CONCURRENCY: '3', PORT: '8080', FASTIFY_ADDRESS: '0.0.0.0' };
    const { workers, listen } = validated({}, env);
    assert.deepEqual([workers, listen.port, listen.host], [3, 8080, '0.0.0.0']);
    const chosen = validated({ workers: 2, listen: { port: 0, host: '::1' } }, env);
    assert.deepEqual([chosen.workers, chosen.listen.port, chosen.listen.host], [2, 0, '::1']);
    assert.equal(validated({ workers: 'auto' }, env).workers, 3);
    // An empty variable is as good as none: shells and compose files leave them.
    assert.equal(validated({}, { WEB_CONCURRENCY: '', PORT: ' ' }).workers, 6);
  });

  test('S52: what can be scaled to is what workers can be, but not 0', () => {
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

  test("'auto' is no more than may be asked for, on whatever machine", () => {
    const huge = { ...SURROUNDINGS, parallelism: 2_000 };
    assert.equal(validate({}, huge).workers, 1024);
  });

  test('zero is a value, not a gap', () => {
    const { workers, policy } = validated({
      workers: 0,
      rollout: { minReadyMs: 0, idleMs: 0 },
      shutdown: { delayMs: 0, idleMs: 0, graceMs: 0 },
      respawn: { minUptimeMs: 0 },
    });
    assert.equal(workers, 0);
    assert.equal(policy.rollout.minReadyMs, 0);
    assert.deepEqual(policy.shutdown, { delayMs: 0, idleMs: 0, graceMs: 0 });
    assert.equal(policy.respawn.minUptimeMs, 0);
  });

  test('the watchdog is off where it is told to be, and under a debugger', () => {
    assert.equal(validated({ watchdog: false }).policy.watchdog, false);
    assert.equal(validated({ execArgv: ['--inspect=0'] }).policy.watchdog, false);
    assert.equal(validated({}, { NODE_OPTIONS: '--inspect-brk' }).policy.watchdog, false);
  });

  /** Every number, with the least and the most that it may be. */
  const NUMBERS: readonly (readonly [string, number, number])[] = [
    ['workers', 0, 1024],
    ['listen.port', 0, 65_535],
    ['listen.backlog', 1, 65_535],
    ['boot.timeoutMs', 1, 2 ** 31 - 1],
    ['respawn.minUptimeMs', 0, 2 ** 31 - 1],
    ['respawn.maxEarlyExits', 1, 1_000_000],
    ['respawn.backoff.initialMs', 1, 2 ** 31 - 1],
    ['respawn.backoff.maxMs', 1, 2 ** 31 - 1],
    ['boot.concurrency', 1, 1024],
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
  ];
  for (const [name, least, most] of NUMBERS) {
    test(`S65: ${name} refuses what is no whole number from ${least} to ${most}`, () => {
      for (const value of [NaN, Infinity, -1, 1.5, '1', true, null, {}, [], least - 1, most + 1]) {
        assert.throws(() => validated(nested(name, value)), refusal(name), `${name}: ${inspect(value)}`);
      }
    });
  }

  for (const name of [
    'listen',
    'boot',
    'respawn',
    'respawn.backoff',
    'rollout',
    'shutdown',
    'watchdog',
    'env',
  ]) {
    test(`S65: ${name} refuses what is no object`, () => {
      for (const value of ['x', 1, true, []]) {
        assert.throws(() => validated(nested(name, value)), refusal(name), `${name}: ${inspect(value)}`);
      }
    });
  }

  for (const [name, values] of [
    ['listen.host', ['', 1, {}]],
    ['entry', ['', 1, null]],
    ['cwd', ['', 1, null]],
    ['execArgv', ['x', [1], null]],
    ['env.X', [1, null]],
    ['workers', ['all', 'AUTO']],
    ['logger', ['info', 1, null, [], { info: () => undefined }]],
  ] as const) {
    test(`S65: ${name} refuses a value of another type`, () => {
      for (const value of values) assert.throws(() => validated(nested(name, value)), refusal(name));
    });
  }

  for (const name of [
    'worker',
    'rollout.maxsurge',
    'respawn.backoff.factor',
    'listen.hostname',
    '__proto_',
  ]) {
    test(`S65: ${name} is unknown, and the known ones are told`, () => {
      assert.throws(() => validated(nested(name, 1)), {
        code: 'FST_CLUSTERED_OPTION_UNKNOWN',
        message: new RegExp(`no option ${name.replaceAll('.', '\\.')}; there are: \\w+`),
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
    ['PORT', '80.5'],
    ['PORT', '65536'],
  ] as const) {
    test(`S65: the environment variable ${variable}=${value} is refused by name`, () => {
      assert.throws(() => validated({}, { [variable]: value }), {
        code: 'FST_CLUSTERED_OPTION_INVALID',
        message: new RegExp(`^the environment variable ${variable} is '?${value}`),
      });
    });
  }

  test('S65: the error says what came and what is allowed', () => {
    assert.throws(() => validated({ rollout: { maxSurge: 'two' } }), {
      message: "rollout.maxSurge is 'two'; allowed: a whole number from 0 to 1024",
    });
  });

  test('S65: options that are no object at all', () => {
    for (const options of ['x', 1, []]) assert.throws(() => validated(options), refusal('options'));
  });
});

function refusal(name: string): { code: string; message: RegExp } {
  return { code: 'FST_CLUSTERED_OPTION_INVALID', message: new RegExp(`^${name.replaceAll('.', '\\.')} is `) };
}

function nested(name: string, value: unknown): unknown {
  return name.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}
