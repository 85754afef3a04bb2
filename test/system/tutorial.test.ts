// The tutorial's two experiments on the example, with its own tool: only that they work. The bench measures the speed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { hasTool } from '../helpers/tools.ts';

const EXAMPLE = fileURLToPath(new URL('../../example-app/dist/main.js', import.meta.url));
const SECONDS = 5;

suite('tutorial', () => {
  test('the CPU-bound route under ab -> every request is answered', async (t) => {
    if (!hasTool(t, 'ab', 'apache2-utils')) return;
    const service = await startExample(t, {});
    const { complete, failed } = await bench(service, '/cpu?turns=100000');
    assert.ok(complete > 0);
    assert.equal(failed, 0);
    assert.equal(await service.stop(), 0);
  });

  test('workers that exit at random times within 3 s -> the service goes on, 0 refused', async (t) => {
    if (!hasTool(t, 'ab', 'apache2-utils')) return;
    const service = await startExample(t, { CRASH_WITHIN_MS: '3000' });
    const { complete, failed, output } = await bench(service, '/cpu?turns=100000');
    const crashes = service.lines('worker crashed').length;
    assert.ok(crashes > 0);
    assert.ok(complete > 0);
    // A crash costs at most what the worker had accepted: ab has that many connections open.
    assert.ok(failed <= crashes * CLIENTS, output);
    assert.match(output, /Connect: 0|Failed requests: +0/);
    assert.equal(service.lines('worker ready').length >= 2, true);
  });
});

const CLIENTS = 50;

async function startExample(
  t: Parameters<typeof startService>[0],
  env: Record<string, string>,
): Promise<Service> {
  const service = startService(t, {
    fixture: EXAMPLE,
    env: { PORT: '0', WEB_CONCURRENCY: '2', FASTIFY_ADDRESS: '127.0.0.1', ...env },
  });
  await service.seen('all workers ready');
  return service;
}

async function bench(
  service: Service,
  path: string,
): Promise<{ complete: number; failed: number; output: string }> {
  const url = `http://127.0.0.1:${await service.port()}${path}`;
  const { stdout } = await promisify(execFile)('ab', [
    '-r',
    '-q',
    '-c',
    `${CLIENTS}`,
    '-t',
    `${SECONDS}`,
    url,
  ]);
  const count = (name: string): number => Number(new RegExp(`${name}: +(\\d+)`).exec(stdout)?.[1] ?? NaN);
  return { complete: count('Complete requests'), failed: count('Failed requests'), output: stdout };
}
