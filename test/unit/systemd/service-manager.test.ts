import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { monotonicMicroseconds, serviceManager, watchdogMs } from '../../../src/systemd/service-manager.ts';
import type { Variables } from '../../../src/systemd/notifier.ts';

const fail = (): never => assert.fail();

suite('the service manager', () => {
  test('without NOTIFY_SOCKET there is none', () => {
    assert.equal(serviceManager(fail, {}, fail), null);
    assert.equal(serviceManager(fail, { NOTIFY_SOCKET: '' }, fail), null);
  });

  for (const [env, ms] of [
    [{}, null],
    [{ WATCHDOG_USEC: '' }, null],
    [{ WATCHDOG_USEC: '0' }, null],
    [{ WATCHDOG_USEC: 'x' }, null],
    [{ WATCHDOG_USEC: '30000000' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, null],
    [{ WATCHDOG_USEC: '1' }, 1],
  ] as const) {
    test(`the watchdog of pid 7, ${JSON.stringify(env)} -> ${ms} ms`, () => {
      assert.equal(watchdogMs(env, 7), ms);
    });
  }

  test('the watchdog is told every half of its time, at the latest', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const sent: Variables[] = [];
    const env = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '2000000', WATCHDOG_PID: String(process.pid) };
    const send = async (variables: Variables): Promise<void> => void sent.push(variables);
    assert.notEqual(
      serviceManager(fail, env, () => send),
      null,
    );
    assert.deepEqual(sent, []);
    t.mock.timers.tick(1_000);
    assert.deepEqual(sent, [{ WATCHDOG: '1' }]);
  });

  test('the time of a reload is that of CLOCK_MONOTONIC, in microseconds', () => {
    const before = process.hrtime.bigint() / 1_000n;
    const told = BigInt(monotonicMicroseconds());
    assert.ok(before <= told && told <= process.hrtime.bigint() / 1_000n);
  });
});
