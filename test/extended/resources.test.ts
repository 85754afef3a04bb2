// What the service finds of CPUs and memory where it is started, without limits of a cgroup: test/system has those.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';

suite('resources', () => {
  test("S54: 'auto' is one worker for each CPU of the affinity; without a memory limit no heap is set", async (t) => {
    const [, first = '0'] =
      /^Cpus_allowed_list:\s*(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8')) ?? [];
    const service = await startReadyService(t, {
      fixture: 'memory.js',
      command: (direct) => ['taskset', '--cpu-list', first, ...direct],
      options: { workers: 'auto' },
    });
    const { resources, size } = await service.status();
    assert.equal(size, 1);
    assert.deepEqual(resources?.cpus, { value: 1, file: '/proc/self/status' });
    const { options } = JSON.parse((await service.get('/heap')).body);
    const isSet = options.some((option: string) => option.startsWith('--max-old-space-size'));
    assert.deepEqual(
      [isSet, resources?.heapMb !== null],
      [resources?.memory !== null, resources?.memory !== null],
    );
    assert.equal(await service.stop(), 0);
  });

  test('S54: WEB_CONCURRENCY comes before what is found', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 'auto' },
      env: { WEB_CONCURRENCY: '3' },
    });
    const { size, resources } = await service.status();
    assert.equal(size, 3);
    assert.ok((resources?.capacity ?? 0) >= 1);
    assert.equal((await service.seen('resources found'))['workers'], 3);
    assert.equal(await service.stop(), 0);
  });
});
