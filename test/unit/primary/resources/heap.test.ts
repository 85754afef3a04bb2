// How the memory limit is divided among the heaps, and that what the user set stands.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { heapMbOf, withHeap } from '../../../../src/primary/resources/heap.ts';
import type { ClusteredOptions } from '../../../../src/options/index.ts';
import { validated } from '../../options/validated.ts';
import { MIB } from './trees.ts';

const LIMIT = 1000 * MIB;

function heapMb(options: ClusteredOptions, size: number): number | null {
  return heapMbOf(validated(options, { memoryBytes: LIMIT }), size, LIMIT);
}

const LAUNCH = {
  entry: '/srv/main.js',
  cwd: '/srv',
  execPath: '/usr/bin/node',
  execArgv: ['--enable-source-maps'],
  env: {},
} as const;

suite('the heap of each worker', () => {
  test('S54, S82: its part of heapShare, where those that a rollout forks and those that drain have theirs', () => {
    // 2 workers, 1 of maxSurge, 1 that drains.
    assert.equal(heapMb({}, 2), Math.floor(600 / 4));
    // A quarter of 8 may drain.
    assert.equal(heapMb({}, 8), Math.floor(600 / (8 + 1 + 2)));
    assert.equal(heapMb({ heapShare: 0.8 }, 2), 200);
    assert.equal(heapMb({ rollout: { maxSurge: 0, maxUnavailable: 1, maxDraining: 3 } }, 2), 120);
  });

  test('S82: no slot has more than one successor, however large maxSurge is', () => {
    assert.equal(heapMb({ rollout: { maxSurge: 1_024 } }, 2), Math.floor(600 / (2 + 2 + 1)));
  });

  test('S105: with any number of workers that drain, it is as many as one rollout leaves behind', () => {
    assert.equal(heapMb({ rollout: { maxDraining: Infinity } }, 2), Math.floor(600 / (2 + 1 + 2)));
  });

  test('it follows the size, and is never less than Node needs to boot an app', () => {
    assert.deepEqual([heapMb({}, 1), heapMb({}, 4), heapMb({}, 1_000)], [200, 100, 32]);
  });

  test('without a memory limit there is none', () => {
    assert.equal(heapMbOf(validated(), 4, null), null);
    assert.equal(withHeap(LAUNCH, null), LAUNCH);
  });

  test('Node is told by an option', () => {
    const { execArgv } = withHeap(LAUNCH, 150);
    assert.deepEqual(execArgv, ['--enable-source-maps', '--max-old-space-size=150']);
  });

  for (const option of [
    '--max-old-space-size=64',
    '--max_old_space_size=64',
    '--max-old-space-size-percentage=50',
    '--max-heap-size=100',
  ]) {
    test(`S54: ${option} of the user stands, in execArgv and in NODE_OPTIONS`, () => {
      for (const launch of [
        { ...LAUNCH, execArgv: [option] },
        { ...LAUNCH, env: { NODE_OPTIONS: `--enable-source-maps ${option}` } },
      ]) {
        assert.equal(withHeap(launch, 150), launch);
      }
    });
  }
});
