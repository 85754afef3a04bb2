// Every option that is a number, a string or a boolean has an environment variable, whose name follows from its own.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { complete, unknownVariables } from '../../../src/options/index.ts';
import { variableOf } from '../../../src/options/variables.ts';
import { leaves, nested } from '../../helpers/leaves.ts';
import { validated } from './validated.ts';

/** An option that has two forms is there in the one that has options of its own. */
const OPTIONS = leaves(
  complete({ health: {} }, { env: {}, execArgv: [], capacity: { cpus: 6, workers: 6, memoryBytes: null } }),
);

/** Of options that do not take just any text, or any number. */
const FITTING: Readonly<Record<string, unknown>> = {
  exitHandlers: 'leave',
  balance: 'reuse-port',
  heapShare: 0.5,
  'rollout.maxDraining': 3,
  'listen.path': '/run/app.sock',
  'listen.fd': 4,
  'control.path': '/run/control.sock',
  'tls.rotateTicketKeysMs': 86_400_000,
};

/** Not as text: an object, a function or an array. */
const NOT_BY_VARIABLE = ['env', 'execArgv'];

/** Only beside another one: see below. */
const DEPENDENT = ['listen.mode', 'listen.owner', 'listen.group', 'listen.name'];

suite('environment variables of options', () => {
  for (const [name, value] of OPTIONS) {
    if ([...NOT_BY_VARIABLE, ...DEPENDENT].includes(name)) continue;
    const set = another(name, value);
    const variable = variableOf(name);

    test(`${variable} sets ${name}`, () => {
      const env = { [variable]: String(set) };
      assert.deepEqual(validated({}, { env }), validated(nested(name, set)));
    });

    test(`the option ${name} wins over ${variable}`, () => {
      const env = { [variable]: 'x y' };
      assert.deepEqual(validated(nested(name, set), { env }), validated(nested(name, set)));
    });
  }

  for (const [option, variable] of [
    ['closeMs', 'FASTIFY_CLUSTERED_CLOSE_MS'],
    ['shutdown.delayMs', 'FASTIFY_CLUSTERED_SHUTDOWN_DELAY_MS'],
    ['rollout.maxSurge', 'FASTIFY_CLUSTERED_ROLLOUT_MAX_SURGE'],
    ['respawn.backoff.initialMs', 'FASTIFY_CLUSTERED_RESPAWN_BACKOFF_INITIAL_MS'],
    ['execArgv', 'FASTIFY_CLUSTERED_EXEC_ARGV'],
  ] as const) {
    test(`${option} has ${variable}`, () => assert.equal(variableOf(option), variable));
  }

  for (const [variable, value, message] of [
    ['FASTIFY_CLUSTERED_CLOSE_MS', '0', / is 0; allowed: a whole number of milliseconds from 1 /],
    ['FASTIFY_CLUSTERED_CLOSE_MS', '2s', / is '2s'; allowed: a whole number/],
    ['FASTIFY_CLUSTERED_CLOSE_MS', 'true', / is true; allowed: a whole number/],
    ['FASTIFY_CLUSTERED_CLOSE_MS', '-1', / is '-1'; allowed: /],
    ['FASTIFY_CLUSTERED_LISTEN_PORT', '80.5', / is 80\.5; allowed: /],
    ['FASTIFY_CLUSTERED_ROLLOUT', 'false', / is false; allowed: an object/],
    ['FASTIFY_CLUSTERED_WATCHDOG', 'no', / is 'no'; allowed: an object/],
    ['FASTIFY_CLUSTERED_ENV', 'A=1', / is 'A=1'; allowed: an object/],
    ['FASTIFY_CLUSTERED_EXEC_ARGV', '--inspect', / is '--inspect'; allowed: an array/],
    ['FASTIFY_CLUSTERED_EXIT_HANDLERS', 'keep', / is 'keep'; allowed: 'hold' or 'leave'/],
    ['FASTIFY_CLUSTERED_WORKERS', 'many', / is 'many'; allowed: 'auto' or /],
  ] as const) {
    test(`S65: ${variable}=${value} is refused by the name of the variable`, () => {
      assert.throws(
        () => validated({}, { env: { [variable]: value } }),
        (error: unknown) => {
          assert.ok(error instanceof Error);
          assert.equal(Reflect.get(error, 'code'), 'FST_CLUSTERED_OPTION_INVALID');
          assert.ok(error.message.startsWith(`the environment variable ${variable} is `), error.message);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  test('the own variable of an option wins over PORT, FASTIFY_ADDRESS and WEB_CONCURRENCY', () => {
    const env = {
      PORT: '1',
      FASTIFY_CLUSTERED_LISTEN_PORT: '2',
      FASTIFY_ADDRESS: '::1',
      FASTIFY_CLUSTERED_LISTEN_HOST: '::2',
      WEB_CONCURRENCY: '3',
      FASTIFY_CLUSTERED_WORKERS: '4',
    };
    const { listen, workers } = validated({}, { env });
    const [place] = listen.places;
    assert.ok(place?.type === 'tcp');
    assert.deepEqual([place.port, place.host, workers], [2, '::2', 4]);
    assert.equal(validated({}, { env: { ...env, FASTIFY_CLUSTERED_WORKERS: 'auto' } }).workers, 3);
  });

  test('listen.mode has one, in octal, and so have listen.owner and listen.group, beside that of listen.path', () => {
    const env = {
      FASTIFY_CLUSTERED_LISTEN_PATH: '/run/app.sock',
      FASTIFY_CLUSTERED_LISTEN_MODE: '0600',
      FASTIFY_CLUSTERED_LISTEN_OWNER: 'app',
      FASTIFY_CLUSTERED_LISTEN_GROUP: '33',
    };
    assert.deepEqual(
      validated({}, { env }).listen,
      validated({ listen: { path: '/run/app.sock', mode: 0o600, owner: 'app', group: 33 } }).listen,
    );
    assert.throws(() => validated({}, { env: { ...env, FASTIFY_CLUSTERED_LISTEN_MODE: '888' } }), {
      message: /the environment variable FASTIFY_CLUSTERED_LISTEN_MODE/,
    });
  });

  test('a port in the code wins over a path or a descriptor in a variable, and so on', () => {
    const env = {
      FASTIFY_CLUSTERED_LISTEN_PATH: '/run/app.sock',
      FASTIFY_CLUSTERED_LISTEN_FD: '3',
      FASTIFY_CLUSTERED_LISTEN_PORT: '4000',
    };
    for (const listen of [{ port: 3000 }, { path: '/run/mine.sock' }, { fd: 5 }, [{ port: 3000 }]])
      assert.deepEqual(validated({ listen }, { env }).listen, validated({ listen }).listen);
  });

  test('a text of digits stays a text where the option is one', () => {
    assert.equal(validated({}, { env: { FASTIFY_CLUSTERED_ENTRY: '2026' } }).entry, '2026');
  });

  test('FASTIFY_CLUSTERED_WATCHDOG=false switches it off, and the code switches it on', () => {
    const env = { FASTIFY_CLUSTERED_WATCHDOG: 'false', FASTIFY_CLUSTERED_WATCHDOG_TIMEOUT_MS: '7' };
    assert.equal(validated({}, { env }).policy.watchdog, false);
    assert.deepEqual(validated({ watchdog: {} }, { env }).policy.watchdog, { timeoutMs: 7 });
  });

  test('health is switched on by a variable of its own, or of its options', () => {
    const off = { port: 9000, host: '::', path: null };
    assert.deepEqual(validated({}, { env: { FASTIFY_CLUSTERED_HEALTH: 'true' } }).health, off);
    const byPort = { FASTIFY_CLUSTERED_HEALTH_PORT: '9001' };
    assert.deepEqual(validated({}, { env: byPort }).health, { ...off, port: 9001 });
    assert.deepEqual(validated({ health: {} }, { env: byPort }).health, { ...off, port: 9001 });
    assert.equal(validated({}, { env: { ...byPort, FASTIFY_CLUSTERED_HEALTH: 'false' } }).health, false);
    assert.equal(validated({ health: false }, { env: byPort }).health, false);
  });

  test('what looks like a variable of an option and is none is told, with the nearest name', () => {
    const env = {
      FASTIFY_CLUSTERED_CLOSE: '1',
      FASTIFY_CLUSTERED_ROLLOUT_MAXSURGE: '',
      FASTIFY_CLUSTERED_HEALTH_PORT: '9000',
      FASTIFY_CLUSTERED_WORKER: '{}',
      FASTIFY_CLUSTERED_PRELOAD: '',
      FASTIFY_ADDRESS: '::',
    };
    assert.deepEqual(unknownVariables(env), [
      { variable: 'FASTIFY_CLUSTERED_CLOSE', nearest: 'FASTIFY_CLUSTERED_CLOSE_MS' },
      { variable: 'FASTIFY_CLUSTERED_ROLLOUT_MAXSURGE', nearest: 'FASTIFY_CLUSTERED_ROLLOUT_MAX_SURGE' },
    ]);
  });
});

/** A value that is not the default. */
function another(name: string, value: unknown): unknown {
  if (name in FITTING) return FITTING[name];
  if (typeof value === 'number') return value + 1;
  return typeof value === 'boolean' ? !value : 'some-text';
}
