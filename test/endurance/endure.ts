// Rollouts one after the other, in every mode under every load, until there are enough of them, and enough requests.
import type { Service } from '../helpers/service.ts';
import { Account } from './account.ts';
import { ROLLOUTS } from './modes.ts';
import type { LoadMode, Protocol, Running } from './protocols.ts';
import { roll, withService } from './with-service.ts';

export interface Enough {
  readonly rollouts: number;
  readonly requests: number;
}

/** The first rollout that does not go as it should ends the run, and counts as failed. */
export async function endure(protocol: Protocol, enough: Enough): Promise<Account['verdict']> {
  const account = new Account();
  const broken = await rollThroughAll(account, protocol, enough).then(
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

async function rollThroughAll(
  account: Account,
  { service: started, loads }: Protocol,
  { rollouts, requests }: Enough,
): Promise<void> {
  const isEnough = (): boolean => account.total('rollouts') >= rollouts && account.total('sent') >= requests;
  while (!isEnough()) {
    for (const { name, options } of ROLLOUTS) {
      if (isEnough()) return;
      await withService({ ...started, options }, async (service) => {
        for (const load of loads) {
          if (isEnough()) return;
          const report = await loadOverRollout(service, load, requests / rollouts);
          account.add(`${name}; ${load.name}`, report.counts);
          tell(account, `${name}; ${load.name}`, report);
        }
      });
    }
  }
}

/** Load before, during and after a rollout, as long as it takes for the rollout's share of the requests, within a limit. */
async function loadOverRollout(service: Service, load: LoadMode, share: number): Promise<Report> {
  const running = await load.start(service);
  try {
    await running.more(2 * load.clients);
    await roll(service);
    await running.more(2 * load.clients);
    const until = performance.now() + MOST_AFTER_MS;
    while (running.sent() < share && performance.now() < until) await running.more(load.clients);
    return await running.stop();
  } finally {
    await running.stop();
  }
}

/** Slow clients never send their share within this time; the quick ones send more instead. */
const MOST_AFTER_MS = 2_000;

type Report = Awaited<ReturnType<Running['stop']>>;

function tell(account: Account, mode: string, { counts: { sent, lost }, losses }: Report): void {
  const line = `${account.total('rollouts')}. ${mode}: ${sent} requests, ${lost} lost`;
  console.error(lost === 0 ? line : `${line}\n${losses}`);
}
