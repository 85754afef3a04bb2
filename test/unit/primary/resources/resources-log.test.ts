// The one line that says what was found: a warning where memory has no room for the workers.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { logResources } from '../../../../src/primary/resources/resources-log.ts';
import { memoryLog } from '../observers/announcements.ts';
import type { Line } from '../observers/announcements.ts';
import { MIB } from './trees.ts';

function logged(memoryMb: number | null, size: number): Line | undefined {
  const lines: Line[] = [];
  const memory = memoryMb === null ? null : { value: memoryMb * MIB, file: '/sys/fs/cgroup/memory.max' };
  const cpus = { value: 2, file: '/proc/self/status' };
  logResources(memoryLog(lines), { cpus, cpuQuota: null, memory, capacity: 2, heapMb: null }, size);
  assert.equal(lines.length, 1);
  return lines[0];
}

suite('the line of the resources', () => {
  test('S54: what was found, where, and how many workers there are; more workers than CPUs need no warning', () => {
    for (const line of [logged(512, 2), logged(null, 64)]) assert.equal(line?.level, 'info');
    const line = logged(512, 2);
    assert.equal(line?.message, 'resources found');
    assert.deepEqual(line?.facts, {
      cpus: { value: 2, file: '/proc/self/status' },
      cpuQuota: null,
      memory: { value: 512 * MIB, file: '/sys/fs/cgroup/memory.max' },
      capacity: 2,
      heapMb: null,
      workers: 2,
    });
  });

  test('S54: a warning where memory is short', () => {
    const line = logged(512, 4);
    assert.equal(line?.level, 'warn');
    assert.match(
      String(line?.facts['explanation']),
      /^memory is short: it has room for 3 workers, at 128 MiB each/,
    );
    assert.equal(logged(64, 1)?.level, 'warn');
  });
});
