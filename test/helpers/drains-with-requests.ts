// Two rollouts under load, in which a drain ends with what is answered, or not at all while the test runs.
import assert from 'node:assert/strict';
import { describeLosses, startLoad } from './load-client.ts';
import type { LoadOptions } from './load-client.ts';
import type { Service } from './service.ts';

/** A drain that waits for either of them outlasts the test: it has to end because of what is answered. */
export const ENDLESS = { idleMs: 600_000, graceMs: 600_000 } as const;

/** So many answers come before, between and after the rollouts. */
const ANSWERS = 120;

/** Of a service of two workers that drains as {@link ENDLESS} says: 0 lost, and every old worker is gone. */
export async function rollTwiceUnderLoad(service: Service, request: LoadOptions['request']): Promise<void> {
  const load = startLoad({
    origin: { host: '127.0.0.1', port: await service.port() },
    connections: 'kept-alive',
    clients: 12,
    request,
  });
  for (let rollout = 1; rollout <= 2; rollout += 1) {
    await load.answered(load.counts().answered + ANSWERS);
    assert.equal((await service.restart()).outcome, 'completed');
    await service.seen('worker exited', { count: 2 * rollout });
  }
  await load.answered(load.counts().answered + ANSWERS);
  const report = await load.stop();
  assert.equal(report.lost, 0, describeLosses(report));
  assert.equal(service.lines('worker killed').length, 0);
}
