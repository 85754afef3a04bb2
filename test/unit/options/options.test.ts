// What options become: settings in which nothing is missing. Each default is tested against its @default in test/docs.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ClusteredOptions, ListenSettings } from '../../../src/options/index.ts';
import { validated } from './validated.ts';

suite('options', () => {
  test('every option reaches the settings', () => {
    const inPolicy = {
      boot: { timeoutMs: 11, concurrency: 12 },
      respawn: { minUptimeMs: 13, maxEarlyExits: 14, backoff: { initialMs: 15, maxMs: 16 } },
      rollout: { maxSurge: 17, maxUnavailable: 18, minReadyMs: 19, idleMs: 20, graceMs: 21, maxDraining: 31 },
      shutdown: { delayMs: 22, idleMs: 23, graceMs: 24 },
      closeMs: 25,
      watchdog: { timeoutMs: 26 },
      shed: false,
    };
    const besides = {
      workers: 27,
      listen: [
        { port: 28, host: 'host', ipv6Only: true, backlog: 29, timeoutMs: 30 },
        { path: '/run/app.sock', mode: 0o600, owner: 'app', group: 33, backlog: 31 },
        { fd: 3 },
        { fd: 'metrics', name: 'metrics', backlog: 32 },
      ],
      entry: 'main.js',
      cwd: '/srv',
      env: { NAME: 'value' },
      execArgv: ['--no-warnings'],
      heapShare: 0.5,
      balance: 'reuse-port',
      logger: false,
      exitHandlers: 'leave',
      health: { port: 31, host: '127.0.0.1', path: null },
      control: { path: '/run/hello/control.sock' },
      tls: { rotateTicketKeysMs: 34 },
    } as const;
    const options: Required<ClusteredOptions> = { ...inPolicy, ...besides };
    const listen = {
      isChosen: true,
      givenBacklog: null,
      places: [
        { type: 'tcp', port: 28, host: 'host', ipv6Only: true, name: null, backlog: 29, timeoutMs: 30 },
        {
          type: 'unix',
          path: '/run/app.sock',
          mode: 0o600,
          owner: 'app',
          group: 33,
          name: null,
          backlog: 31,
          timeoutMs: 10_000,
        },
        { type: 'descriptor', fd: 3, name: null, backlog: null, timeoutMs: 10_000 },
        { type: 'descriptor', fd: 'metrics', name: 'metrics', backlog: 32, timeoutMs: 10_000 },
      ],
    };
    assert.deepEqual(validated(options), { ...besides, listen, policy: { maxWorkers: 1024, ...inPolicy } });
  });

  test('without options the settings have the same shape', () => {
    const { policy, ...besides } = validated();
    assert.deepEqual(besides, {
      workers: 6,
      listen: {
        isChosen: false,
        givenBacklog: null,
        places: [
          {
            type: 'tcp',
            port: 3000,
            host: 'localhost',
            ipv6Only: false,
            name: null,
            backlog: 511,
            timeoutMs: 10_000,
          },
        ],
      },
      entry: null,
      cwd: null,
      env: {},
      execArgv: ['--enable-source-maps'],
      heapShare: 0.6,
      balance: 'shared',
      logger: true,
      exitHandlers: 'hold',
      health: false,
      control: { path: null },
      tls: { rotateTicketKeysMs: null },
    });
    assert.deepEqual(Object.keys(policy).toSorted(), [
      'boot',
      'closeMs',
      'maxWorkers',
      'respawn',
      'rollout',
      'shed',
      'shutdown',
      'watchdog',
    ]);
    assert.equal(policy.maxWorkers, 1024);
  });

  test('environment variables replace defaults, and options replace environment variables', () => {
    const env = { WEB_CONCURRENCY: '3', PORT: '8080', FASTIFY_ADDRESS: '0.0.0.0' };
    const { workers, listen } = validated({}, { env });
    assert.deepEqual([workers, ...where(listen)], [3, 8080, '0.0.0.0']);
    const chosen = validated({ workers: 2, listen: { port: 0, host: '::1' } }, { env });
    assert.deepEqual([chosen.workers, ...where(chosen.listen)], [2, 0, '::1']);
    assert.equal(validated({ workers: 'auto' }, { env }).workers, 3);
  });

  test('an empty environment variable counts as unset', () => {
    const { workers, listen } = validated(
      {},
      { env: { WEB_CONCURRENCY: '', PORT: ' ', FASTIFY_ADDRESS: '' } },
    );
    assert.deepEqual([workers, ...where(listen)], [6, 3000, 'localhost']);
  });

  test('WEB_CONCURRENCY=0 serves from one process, as workers: 0 does', () => {
    assert.equal(validated({}, { env: { WEB_CONCURRENCY: '0' } }).workers, 0);
  });

  test('defaults that depend on the CPUs stay within the limits on every machine', () => {
    const huge = validated({}, { cpus: 2_000 });
    assert.deepEqual([huge.workers, huge.policy.boot.concurrency], [1024, 1024]);
    const small = validated({}, { cpus: 1 });
    assert.deepEqual([small.workers, small.policy.boot.concurrency], [1, 4]);
  });

  test('as many workers as there is room for, whatever the CPUs; boots share the CPUs', () => {
    const { workers, policy } = validated({}, { cpus: 8, workers: 2 });
    assert.deepEqual([workers, policy.boot.concurrency], [2, 16]);
  });

  test('S105: where memory is limited, a quarter of the workers may drain at once, unless the option says otherwise', () => {
    const memoryBytes = 512 * 2 ** 20;
    assert.equal(validated().policy.rollout.maxDraining, Infinity);
    assert.equal(validated({}, { memoryBytes }).policy.rollout.maxDraining, 'quarter');
    assert.equal(validated({ rollout: { maxDraining: 3 } }, { memoryBytes }).policy.rollout.maxDraining, 3);
    assert.equal(
      validated({ rollout: { maxDraining: Infinity } }, { memoryBytes }).policy.rollout.maxDraining,
      Infinity,
    );
  });

  test('zero is a value and does not fall back to the default', () => {
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

  test('the watchdog is off when the option says so', () => {
    assert.equal(validated({ watchdog: false }).policy.watchdog, false);
    assert.notEqual(validated({ execArgv: ['--inspect=0'] }).policy.watchdog, false);
  });
});

/** Port and host of the only endpoint. */
function where({ places }: ListenSettings): readonly unknown[] {
  assert.equal(places.length, 1);
  const [place] = places;
  return place?.type === 'tcp' ? [place.port, place.host] : [place];
}
