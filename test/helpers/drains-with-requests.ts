// Two rollouts under load, whose drains end when the requests do, or not at all while the test runs.
import assert from 'node:assert/strict';
import { startLoad } from './load-client.ts';
import type { LoadOptions } from './load-client.ts';
import { assertNothingLost } from './load-report.ts';
import type { Service } from './service.ts';

/** So many answers come before, between and after the rollouts. */
const ANSWERS = 120;

/** For a service whose drains are endless (times.ts): 0 lost, and every old worker exits. */
export async function rollTwiceUnderLoad(service: Service, request: LoadOptions['request']): Promise<void> {
  const load = startLoad({ origin: await service.origin(), connections: 'kept-alive', clients: 12, request });
  for (let rollout = 1; rollout <= 2; rollout += 1) {
    await load.more(ANSWERS);
    await service.rollOut();
    await service.drained();
  }
  await load.more(ANSWERS);
  assertNothingLost(await load.stop());
  assert.equal(service.lines('worker exited').length, 2 * (await service.status()).size);
  assert.equal(service.lines('worker killed').length, 0);
}
