// What is announced of a rollout: which release, how many workers it replaced, how long it took, which release is the target now.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Announcement } from '../../../src/fleet/command.ts';
import { driveReady } from './drive.ts';
import type { Driven } from './drive.ts';

const FIRST = { id: 1, entry: '/srv/releases/1/main.js', cwd: '/srv/releases/1' };
const SECOND = { id: 2, entry: '/srv/releases/2/main.js', cwd: '/srv/releases/2' };

suite('the announcements of a rollout', () => {
  test('it starts: from which release to which', () => {
    const fleet = driveReady().restarts(2);
    assert.deepEqual(told(fleet, 'rollout-started'), { type: 'rollout-started', from: FIRST, to: SECOND });
  });

  test('it is completed', () => {
    const fleet = driveReady({ size: 2 })
      .restarts(2)
      .passes(200)
      .ready(3)
      .passes(1_000)
      .ready(4)
      .passes(1_000);
    assert.deepEqual(told(fleet, 'rollout-completed'), {
      type: 'rollout-completed',
      generation: 2,
      entry: SECOND.entry,
      cwd: SECOND.cwd,
      replaced: 2,
      tookMs: 2_200,
    });
  });

  test('it is aborted halfway: workers that were replaced stay, and are counted', () => {
    const fleet = driveReady({ size: 2 }).restarts(2).ready(3).passes(1_000).exits(4, 1);
    const { replaced, backTo, tookMs } = told(fleet, 'rollout-aborted');
    assert.deepEqual([replaced, tookMs, backTo], [1, 1_000, FIRST]);
  });

  test('S23: after a full rollback no worker counts as replaced, however many successors were ready', () => {
    const fleet = driveReady({ size: 2, rollout: { maxSurge: 2 } })
      .restarts(2)
      .ready(3)
      .passes(1_000)
      .exits(4, 1);
    assert.equal(told(fleet, 'rollout-aborted').replaced, 0);
  });

  test('a rollout that supersedes another one counts its time from its own start', () => {
    const fleet = driveReady().restarts(2).passes(5_000).restarts(3).ready(3).passes(1_000);
    const { generation, tookMs } = told(fleet, 'rollout-completed');
    assert.deepEqual([generation, tookMs], [3, 1_000]);
  });
});

function told<T extends Announcement['type']>({ told }: Driven, type: T): Extract<Announcement, { type: T }> {
  const found = told.find(
    (announcement): announcement is Extract<Announcement, { type: T }> => announcement.type === type,
  );
  assert.ok(found !== undefined, `${type} was not told`);
  return found;
}
