// Rollouts one after the other, in every mode under every load, until there are enough of them, and enough requests.
import { startLoad } from '../helpers/load-client.ts';
import { describeLosses } from '../helpers/load-report.ts';
import type { LoadReport } from '../helpers/load-report.ts';
import type { Service } from '../helpers/service.ts';
import { Account } from './account.ts';
import { LOADS, ROLLOUTS } from './modes.ts';
import type { LoadMode } from './modes.ts';
import { roll, withService } from './with-service.ts';

export interface Enough {
  readonly rollouts: number;
  readonly requests: number;
}

/** The first rollout that does not go as it should ends the run, and counts as failed. */
export async function endure(enough: Enough): Promise<Account['verdict']> {
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
  return { passed, failed: failed + broken };
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

/** Load before, during and after a rollout, as long as it takes for the rollout's share of the requests, within a limit. */
async function loadOverRollout(service: Service, { load }: LoadMode, share: number): Promise<LoadReport> {
  const running = startLoad({ ...load, origin: await service.origin() });
  try {
    await running.more(2 * load.clients);
    await roll(service);
    await running.more(2 * load.clients);
    const until = performance.now() + MOST_AFTER_MS;
    while (running.counts().sent < share && performance.now() < until) await running.more(load.clients);
    return await running.stop();
  } finally {
    await running.stop();
  }
}

/** Slow clients never send their share within this time; the quick ones send more instead. */
const MOST_AFTER_MS = 2_000;

function tell(account: Account, rollout: string, load: string, report: LoadReport): void {
  const line = `${account.total('rollouts')}. ${rollout}; ${load}: ${report.sent} requests, ${report.lost} lost`;
  console.error(report.lost === 0 ? line : `${line}\n${describeLosses(report)}`);
}
