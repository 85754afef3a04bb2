// The shell and the phases of the bench's measure `fleet`: a fleet really goes through what is measured.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Shell } from './shell.ts';
import type { Decisions } from './shell.ts';
import { fleet } from '../measures/fleet.ts';
import { valueOf } from '../measures/measure.ts';
import { measurePhases } from './phases.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import { createFleet } from '../../src/fleet/fleet.ts';
import { step } from '../../src/fleet/step.ts';
import { nextWakeAt } from '../../src/fleet/wake.ts';

const OURS: Decisions = { createFleet, step, nextWakeAt };

/** As it was before: one event a step, and another one that tells the time. */
const OLDER: Decisions = {
  ...OURS,
  step(fleet, event, context) {
    const older: unknown = event;
    if (Array.isArray(older)) throw new TypeError('one event at a time');
    return step(fleet, asNow(Object(older), fleet.target.id + 1), context);
  },
};

function asNow(event: Readonly<Record<string, unknown>>, id: number): readonly FleetEvent[] {
  const { type, heard, entry, cwd } = event;
  if (type === 'time-passed') {
    if (!(heard instanceof Map)) return [];
    const heartbeats = [...heard].map(([worker, at]) => [worker, { at, connections: null }] as const);
    return [{ type: 'heartbeats', heard: new Map(heartbeats) }];
  }
  if (type === 'restart-requested') {
    return [{ type, generation: { id, entry: String(entry), cwd: String(cwd) } }];
  }
  return [event as unknown as FleetEvent];
}

function runUntil(shell: Shell, announcement: string): void {
  while (!shell.told(announcement)) shell.next();
}

suite('the simulated shell of the bench', () => {
  for (const [name, decisions] of [
    ['this checkout', OURS],
    ['an older one', OLDER],
  ] as const) {
    test(`${name}: it boots, hears its workers, respawns and rolls`, () => {
      const shell = new Shell(decisions, 3);
      shell.start();
      runUntil(shell, 'fleet-ready');
      const readyAt = shell.now;
      while (shell.now < readyAt + 60_000) shell.next();
      for (const worker of shell.fleet.workers) {
        assert.ok(worker.state === 'ready' && worker.heardAt > shell.now - 2_000, 'its heartbeat is noted');
      }
      assert.equal(shell.fleet.lastWorkerId, 3);
      shell.crash();
      runUntil(shell, 'fleet-ready');
      assert.deepEqual(
        shell.fleet.workers.map(({ id }) => id),
        [2, 3, 4],
      );
      shell.restart();
      runUntil(shell, 'rollout-completed');
      assert.ok(
        shell.fleet.workers.every(({ generation, state }) => generation === 2 || state === 'draining'),
      );
    });
  }

  test('every row of the measure has its figure', () => {
    const sample = measurePhases(OURS, [2, 16]);
    const rows = fleet.rows.filter(({ key }) => /\D(2|16)$/.test(key));
    assert.equal(rows.length, Object.keys(sample).length);
    for (const { key } of rows) assert.ok(valueOf(sample, key) > 0, key);
  });
});
