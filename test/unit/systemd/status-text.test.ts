import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { FleetStatus, WorkerStatus } from '../../../src/status.ts';
import { oneLine, statusText } from '../../../src/systemd/status-text.ts';

const GENERATION = { entry: '/main.js', cwd: '/' };

function worker(slot: number, state: WorkerStatus['state'] = 'ready', generation = 3): WorkerStatus {
  return { slot, pid: 1, state, generation, silentMs: null, connections: null, leader: false };
}

const FOUR = [worker(0), worker(1), worker(2), worker(3)];

function status(changed: Partial<FleetStatus>): FleetStatus {
  const stable = { id: 3, ...GENERATION };
  return {
    pid: 1,
    phase: 'running',
    size: 4,
    target: stable,
    stable,
    rolling: false,
    mixed: false,
    addresses: [],
    balance: 'shared',
    resources: null,
    workers: FOUR,
    lastRollout: null,
    ...changed,
  };
}

suite('the status text', () => {
  for (const [changed, text] of [
    [{}, '4 of 4 workers ready, generation 3'],
    [{ phase: 'starting', workers: [worker(0), worker(1, 'booting')] }, 'starting: 1 of 4 workers ready'],
    [{ workers: [worker(0), worker(1), worker(2, 'draining')] }, '2 of 4 workers ready, generation 3'],
    [{ workers: [...FOUR, worker(0), worker(4)] }, '4 of 4 workers ready, generation 3'],
    [{ mixed: true }, '4 of 4 workers ready, generations mixed'],
    [
      { rolling: true, target: { id: 4, ...GENERATION }, workers: [...FOUR, worker(0, 'ready', 4)] },
      '4 of 4 workers ready, rolling out generation 4: 1 of 4 replaced',
    ],
    [{ lastRollout: { outcome: 'completed', generation: 3 } }, '4 of 4 workers ready, generation 3'],
    [
      {
        lastRollout: {
          outcome: 'aborted',
          generation: 4,
          reason: 'boot-failed',
          worker: null,
          error: { name: 'Error', message: 'no database\nREADY=1', stack: null, code: null },
        },
      },
      '4 of 4 workers ready, generation 3; rollout of generation 4 aborted: boot-failed: no database READY=1',
    ],
    [
      {
        lastRollout: {
          outcome: 'aborted',
          generation: null,
          reason: 'release-not-found',
          worker: null,
          error: null,
        },
      },
      '4 of 4 workers ready, generation 3; rollout not started: release-not-found',
    ],
    [{ phase: 'leaving' }, 'about to stop: 4 of 4 workers ready'],
    [{ phase: 'stopping', workers: [worker(0, 'draining')] }, 'stopping: 1 workers left'],
  ] as const satisfies readonly (readonly [Partial<FleetStatus>, string])[]) {
    test(text, () => {
      assert.equal(statusText(status(changed)), text);
    });
  }

  test('a message is one line of bounded length', () => {
    assert.ok(oneLine('x\r\n'.repeat(1_000)).length < 300);
    assert.doesNotMatch(oneLine('a\nb\u2028c\rd'), /[\n\r\u2028]/);
  });
});
