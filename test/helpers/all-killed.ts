// Kills every worker under load, and checks that it cost what the workers had accepted, and nothing else.
import assert from 'node:assert/strict';
import process from 'node:process';
import { describeLosses } from './load-report.ts';
import type { Loads } from './loads.ts';
import type { Service } from './service.ts';

/** @param clients of each load: with one request at a time, so many can be in flight. */
export async function assertAllKilledUnderLoad(
  service: Service,
  loads: Loads,
  clients: number,
): Promise<void> {
  await loads.more(50);
  const pids = await service.readyPids();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await service.seen('worker ready', { count: 2 * pids.length });
  await loads.more(50);
  for (const report of await loads.stop()) {
    assert.deepEqual([report.refused, report.hung], [0, 0], describeLosses(report));
    assert.ok(report.lost <= clients, describeLosses(report));
  }
}
