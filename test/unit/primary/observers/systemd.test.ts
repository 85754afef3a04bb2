// What systemd is told of the fleet, announcement by announcement.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { SystemdObserver } from '../../../../src/primary/observers/systemd.ts';
import { notStarted } from '../../../../src/primary/observers/rollout-results.ts';
import type { FleetStatus } from '../../../../src/status.ts';
import type { Variables } from '../../../../src/systemd/notifier.ts';
import { validated } from '../../options/validated.ts';
import { ABORTED, BOOTING, ERROR, READY } from './announcements.ts';

const RELEASE = { id: 2, entry: '/main.js', cwd: '/' };
const STARTED = { type: 'rollout-started', from: RELEASE, to: RELEASE } as const;
const FORKED = { type: 'worker-forked', worker: BOOTING } as const;

suite('systemd', () => {
  test('while it starts: the state in words, and the time that a boot may take', (t) => {
    const { observer, told } = observe(t);
    observer.hear(FORKED);
    assert.deepEqual(told, [
      { STATUS: '0 of 2 workers ready, generation 1', EXTEND_TIMEOUT_USEC: '45000000' },
    ]);
  });

  test('READY when the service has started, once', (t) => {
    const { observer, states } = observe(t);
    observer.hear({ type: 'worker-ready', worker: READY, bootMs: 1 });
    assert.deepEqual(states(), []);
    observer.ready();
    observer.ready();
    assert.deepEqual(states(), ['READY']);
  });

  test('RELOADING with its time around a rollout, READY after it, however it ended', (t) => {
    const { observer, told, states } = observe(t);
    observer.hear(STARTED);
    assert.deepEqual(states(), []);
    observer.ready();
    observer.hear(STARTED);
    const begun = told.at(-1);
    assert.match(begun?.['MONOTONIC_USEC'] ?? '', /^\d+$/);
    // boot.timeoutMs, rollout.minReadyMs, rollout.graceMs, closeMs, and the margin.
    assert.equal(begun?.['EXTEND_TIMEOUT_USEC'], '78000000');
    observer.hear(ABORTED);
    observer.hear(STARTED);
    observer.hear({ type: 'rollout-superseded', generation: 2, by: 3 });
    observer.hear(STARTED);
    observer.hear({ type: 'rollout-completed', generation: 3, entry: '/', cwd: '/', replaced: 2, tookMs: 1 });
    assert.deepEqual(states(), ['READY', 'RELOADING', 'READY', 'RELOADING', 'RELOADING', 'READY']);
  });

  test('a signal that leads to no rollout is answered, too: systemd may wait for that', (t) => {
    const { observer, states } = observe(t);
    observer.restarted(notStarted('release-not-found', null));
    assert.deepEqual(states(), []);
    observer.ready();
    observer.restarted(notStarted('release-not-found', null));
    observer.restarted({ outcome: 'completed', generation: 2 });
    assert.deepEqual(states(), ['READY', 'RELOADING', 'READY']);
    observer.hear(STARTED);
    observer.restarted(notStarted('release-not-found', null));
    observer.hear(ABORTED);
    assert.deepEqual(states().slice(3), ['RELOADING', 'RELOADING', 'READY']);
  });

  test('STOPPING, with the time for the delay and the drain; nothing comes after it', (t) => {
    const { observer, told, states } = observe(t);
    observer.ready();
    observer.hear(STARTED);
    observer.hear({ ...ABORTED, reason: 'stopping' });
    observer.hear({ type: 'fleet-leaving', delayMs: 3_000 });
    // The delay, shutdown.graceMs, closeMs three times, and the margin.
    assert.equal(told.at(-1)?.['EXTEND_TIMEOUT_USEC'], '21000000');
    observer.hear({ type: 'fleet-stopping', ending: { exitCode: 0, reason: 'requested', error: null } });
    assert.equal(told.at(-1)?.['EXTEND_TIMEOUT_USEC'], '18000000');
    const { length } = told;
    observer.hear(FORKED);
    observer.hear(STARTED);
    observer.ready();
    observer.restarted(notStarted('stopping', null));
    t.mock.timers.tick(10_000);
    assert.equal(told.length, length);
    assert.deepEqual(states(), ['READY', 'RELOADING', 'READY', 'STOPPING', 'STOPPING']);
  });

  test('a fleet that fails says why', (t) => {
    const { observer, told } = observe(t);
    observer.hear({ type: 'fleet-stopping', ending: { exitCode: 1, reason: 'boot-failed', error: ERROR } });
    assert.equal(told.at(-1)?.['STATUS'], 'boot-failed: broken');
  });

  test('words alone are told once a second at most, and the last ones are told', (t) => {
    const { observer, told, set } = observe(t);
    observer.ready();
    t.mock.timers.tick(1_000);
    told.length = 0;
    for (let id = 2; id < 50; id += 1) {
      set({ stable: { ...RELEASE, id } });
      observer.hear(FORKED);
    }
    assert.deepEqual(told, [{ STATUS: '0 of 2 workers ready, generation 2' }]);
    t.mock.timers.tick(1_000);
    assert.deepEqual(told.slice(1), [{ STATUS: '0 of 2 workers ready, generation 49' }]);
    t.mock.timers.tick(5_000);
    assert.equal(told.length, 2);
  });
});

function observe(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stable = { ...RELEASE, id: 1 };
  let status: FleetStatus = {
    pid: 1,
    phase: 'running',
    size: 2,
    target: stable,
    stable,
    rolling: false,
    mixed: false,
    addresses: [],
    balance: 'shared',
    resources: null,
    workers: [],
    lastRollout: null,
  };
  const told: Variables[] = [];
  const { policy } = validated({ boot: { timeoutMs: 40_000 } });
  const notifier = { tell: (variables: Variables) => void told.push(variables) };
  const observer = new SystemdObserver({ notifier, policy, status: () => status });
  const set = (changed: Partial<FleetStatus>): void => {
    status = { ...status, ...changed };
  };
  const states = (): readonly string[] =>
    told.flatMap((variables) => ['READY', 'RELOADING', 'STOPPING'].filter((name) => name in variables));
  return { observer, told, set, states };
}
