// Rollouts one after the other, in every mode under every load, until there were enough of them, and enough requests.
import { describeLosses, startLoad } from '../helpers/load-client.ts';
import type { LoadReport } from '../helpers/load-client.ts';
import type { Service } from '../helpers/service.ts';
import { Account } from './account.ts';
import { LOADS, ROLLOUTS } from './modes.ts';
import type { LoadMode } from './modes.ts';
import { roll, withService } from './with-service.ts';

export interface Enough {
  readonly rollouts: number;
  readonly requests: number;
}

/** False: something was lost, or a rollout did not go as it should; the run ends with that. */
export async function endure(enough: Enough): Promise<boolean> {
  const account = new Account();
  const broken = await rollThroughAll(account, enough).then(
    () => 0,
    (error: unknown) => {
      console.error(error);
      return 1;
    },
  );
  const { passed, failed } = account.verdict;
  console.log(`${account.table}\n`);
  console.log(`${account.total('rollouts')} rollouts, ${account.total('sent')} requests.`);
  console.log(`${passed} passed, ${failed + broken} failed`);
  return failed + broken === 0;
}

async function rollThroughAll(account: Account, { rollouts, requests }: Enough): Promise<void> {
  const isEnough = (): boolean => account.total('rollouts') >= rollouts && account.total('sent') >= requests;
  while (!isEnough()) {
    for (const { name, options } of ROLLOUTS) {
      if (isEnough()) return;
      await withService(options, async (service) => {
        for (const load of LOADS) {
          if (isEnough()) return;
          const report = await loadOverRollout(service, load, requests / rollouts);
          account.add(`${name}; ${load.name}`, report);
          tell(account, name, load.name, report);
        }
      });
    }
  }
}

/** Before, during, and after: there as long as it takes for this rollout's share of the requests, but not longer. */
async function loadOverRollout(service: Service, { load }: LoadMode, share: number): Promise<LoadReport> {
  const running = startLoad({ ...load, origin: { host: '127.0.0.1', port: await service.port() } });
  try {
    await running.answered(2 * load.clients);
    await roll(service);
    await running.answered(running.counts().answered + 2 * load.clients);
    const until = performance.now() + MOST_AFTER_MS;
    while (running.counts().sent < share && performance.now() < until) {
      await running.answered(running.counts().answered + load.clients);
    }
    return await running.stop();
  } finally {
    await running.stop();
  }
}

/** Slow clients never come to their share; the quick ones make up for it. */
const MOST_AFTER_MS = 2_000;

function tell(account: Account, rollout: string, load: string, report: LoadReport): void {
  const line = `${account.total('rollouts')}. ${rollout}; ${load}: ${report.sent} requests, ${report.lost} lost`;
  console.error(report.lost === 0 ? line : `${line}\n${describeLosses(report)}`);
}
