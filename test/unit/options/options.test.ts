// What options become: settings in which nothing is missing. Each default is tested against its @default in test/docs.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ClusteredOptions } from '../../../src/options/index.ts';
import { validated } from './validated.ts';

suite('options', () => {
  test('every option reaches the settings', () => {
    const inPolicy = {
      boot: { timeoutMs: 11, concurrency: 12 },
      respawn: { minUptimeMs: 13, maxEarlyExits: 14, backoff: { initialMs: 15, maxMs: 16 } },
      rollout: { maxSurge: 17, maxUnavailable: 18, minReadyMs: 19, idleMs: 20, graceMs: 21 },
      shutdown: { delayMs: 22, idleMs: 23, graceMs: 24 },
      closeMs: 25,
      watchdog: { timeoutMs: 26 },
    };
    const besides = {
      workers: 27,
      listen: { port: 28, host: 'host', backlog: 29, timeoutMs: 30 },
      entry: 'main.js',
      cwd: '/srv',
      env: { NAME: 'value' },
      execArgv: ['--no-warnings'],
      logger: false,
    };
    const options: Required<ClusteredOptions> = { ...inPolicy, ...besides };
    assert.deepEqual(validated(options), { ...besides, policy: { maxWorkers: 1024, ...inPolicy } });
  });

  test('without options the settings have the same shape', () => {
    const { policy, ...besides } = validated();
    assert.deepEqual(besides, {
      workers: 6,
      listen: { port: 3000, host: 'localhost', backlog: 511, timeoutMs: 10_000 },
      entry: null,
      cwd: null,
      env: {},
      execArgv: ['--enable-source-maps'],
      logger: true,
    });
    assert.deepEqual(Object.keys(policy).toSorted(), [
      'boot',
      'closeMs',
      'maxWorkers',
      'respawn',
      'rollout',
      'shutdown',
      'watchdog',
    ]);
    assert.equal(policy.maxWorkers, 1024);
  });

  test('environment variables replace defaults, and options replace environment variables', () => {
    const env = { WEB_CONCURRENCY: '3', PORT: '8080', FASTIFY_ADDRESS: '0.0.0.0' };
    const { workers, listen } = validated({}, { env });
    assert.deepEqual([workers, listen.port, listen.host], [3, 8080, '0.0.0.0']);
    const chosen = validated({ workers: 2, listen: { port: 0, host: '::1' } }, { env });
    assert.deepEqual([chosen.workers, chosen.listen.port, chosen.listen.host], [2, 0, '::1']);
    assert.equal(validated({ workers: 'auto' }, { env }).workers, 3);
  });

  test('an empty environment variable counts as unset', () => {
    const { workers, listen } = validated(
      {},
      { env: { WEB_CONCURRENCY: '', PORT: ' ', FASTIFY_ADDRESS: '' } },
    );
    assert.deepEqual([workers, listen.port, listen.host], [6, 3000, 'localhost']);
  });

  test('WEB_CONCURRENCY=0 serves from one process, as workers: 0 does', () => {
    assert.equal(validated({}, { env: { WEB_CONCURRENCY: '0' } }).workers, 0);
  });

  test('defaults that depend on the CPUs stay within the limits on every machine', () => {
    const huge = validated({}, { parallelism: 2_000 });
    assert.deepEqual([huge.workers, huge.policy.boot.concurrency], [1024, 1024]);
    const small = validated({}, { parallelism: 1 });
    assert.deepEqual([small.workers, small.policy.boot.concurrency], [1, 4]);
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

  test('the watchdog is off when the option says so, and under a debugger', () => {
    assert.equal(validated({ watchdog: false }).policy.watchdog, false);
    assert.equal(validated({ execArgv: ['--inspect=0'] }).policy.watchdog, false);
    assert.equal(validated({}, { env: { NODE_OPTIONS: '--inspect-brk' } }).policy.watchdog, false);
    assert.notEqual(validated({ execArgv: ['--no-warnings'] }).policy.watchdog, false);
  });
});
