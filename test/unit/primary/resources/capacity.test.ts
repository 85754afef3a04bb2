// How many workers there is room for.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LEAST_MEMORY, PRIMARY_MEMORY, capacityOf } from '../../../../src/primary/resources/capacity.ts';
import { findResources } from '../../../../src/primary/resources/resources.ts';
import { MIB, onV2, readerOf } from './trees.ts';

function workers(affinity: number, quota: number | null, memoryMb: number | null): number {
  const limit = (value: number | null) => (value === null ? null : { value, file: 'a file' });
  return capacityOf({
    affinity: { value: affinity, file: 'a file' },
    quota: limit(quota),
    memory: limit(memoryMb === null ? null : memoryMb * MIB),
  }).workers;
}

suite('how many workers there is room for', () => {
  test('S54: one for each CPU of the affinity, or of the quota, rounded down, at least 1', () => {
    assert.deepEqual(
      [
        workers(32, null, null),
        workers(2, 8, null),
        workers(32, 2, null),
        workers(32, 1.5, null),
        workers(32, 0.25, null),
      ],
      [32, 2, 2, 1, 1],
    );
  });

  test('S54: no more than memory has room for, after the primary, at least 1', () => {
    const forWorkers = (count: number): number => (PRIMARY_MEMORY + count * LEAST_MEMORY) / MIB;
    assert.equal(workers(32, null, forWorkers(3)), 3);
    assert.equal(workers(32, null, forWorkers(3) - 1), 2);
    assert.equal(workers(32, null, 64), 1);
    assert.equal(workers(2, null, forWorkers(30)), 2);
  });

  test('S54: --cpus 1.5 --memory 512m on 32 CPUs', () => {
    const read = onV2('/', '/', { 'cpu.max': '150000 100000\n', 'memory.max': `${512 * MIB}\n` });
    const { capacity } = findResources(read, { parallelism: 32, memoryBytes: 64 * 1024 * MIB });
    assert.deepEqual(capacity, { cpus: 1, workers: 1, memoryBytes: 512 * MIB });
  });

  test('S54: where nothing can be read, it is what Node says', () => {
    const { capacity } = findResources(readerOf({}), { parallelism: 10, memoryBytes: 16 * 1024 * MIB });
    assert.deepEqual(capacity, { cpus: 10, workers: 10, memoryBytes: null });
  });

  test('S54: on this machine it is at least one worker, whatever can be read', () => {
    assert.ok(findResources().capacity.workers >= 1);
  });
});
