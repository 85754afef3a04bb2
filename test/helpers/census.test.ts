// The counts of workers after each line of a log.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { census } from './census.ts';
import type { LogLine } from './service-log.ts';

suite('census', () => {
  test('a worker is active from its fork until it drains, fails, is killed or exits, and ready in between', () => {
    for (const last of [
      'worker draining',
      'worker failing',
      'worker killed',
      'worker exited',
      'worker crashed',
    ]) {
      const log = [
        line('worker forked', 1),
        line('worker forked', 2),
        line('worker ready', 1),
        line(last, 1),
      ];
      assert.deepEqual(census([...log, line('rollout completed', 2)]), [
        { ready: 0, active: 1 },
        { ready: 0, active: 2 },
        { ready: 1, active: 2 },
        { ready: 0, active: 1 },
        { ready: 0, active: 1 },
      ]);
    }
  });
});

function line(msg: string, pid: number): LogLine {
  return { msg, worker: { slot: 0, generation: 1, pid } };
}
