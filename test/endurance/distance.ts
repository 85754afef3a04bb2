// Measures the race of RFC 9112, section 9.6: a client sends on an idle connection while the server's close is on its way.
//
// A draining worker closes a connection on which nothing has come for 1 to 1.5 times idleMs since the drain began. What
// a client sends within the round trip around that moment crosses the close. So of the connections that are closed idle,
// or meant to be, one in (mean rest of the pause that is cut short / round trip) loses a request: at twice the distance
// twice as many, with pauses that differ twice as much half as many. How many are closed idle at all depends on the
// pauses: none as long as every pause, with half a round trip on top, is shorter than idleMs. Per request it depends, on
// top of that, on how often the service is rolled: here all the time, in a working life hardly ever.
import { startDelayingProxy } from '../helpers/delaying-proxy.ts';
import { describeLosses } from '../helpers/load-report.ts';
import type { LoadReport, Loss } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { markdownTable } from '../helpers/tables.ts';
import { roll, withService } from './with-service.ts';

/** Small, to save time: only its ratio to the pauses and to the distance matters. */
const IDLE_MS = 800;
const CLIENTS = 120;
const DELAYS_MS = [10, 40];

/** As multiples of idleMs, uniformly distributed. */
const PAUSES = [
  [0.2, 0.8],
  [0.8, 1.2],
  [1.2, 2.0],
] as const;

interface Row {
  readonly delayMs: number;
  readonly pauses: readonly [from: number, to: number];
  readonly report: LoadReport;
  /** Losses that the race explains. */
  readonly races: number;
}

/** A row fails if the race does not explain its losses, or if it lost anything although its pauses are shorter than idleMs. */
export async function measureDistance(
  rollouts: number,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const rows: Row[] = [];
  for (const delayMs of DELAYS_MS) rows.push(...(await rollAt(delayMs, rollouts)));
  const head = ['each way; pauses', 'rollouts', 'requests', 'closed idle', 'lost', 'of them the race'];
  console.log(
    markdownTable(
      [...head, 'lost of 1,000 requests', 'lost of 1,000 closed idle'],
      rows.map((row) => cells(row, rollouts)),
    ),
  );
  const failed = rows.filter((row) => !isExplained(row));
  for (const { report } of failed) console.error(describeLosses(report));
  return { passed: rows.length - failed.length, failed: failed.length };
}

/** All pauses at once, so under the same rollouts. */
function rollAt(delayMs: number, rollouts: number): Promise<readonly Row[]> {
  const options = { workers: 2, rollout: { minReadyMs: 200, idleMs: IDLE_MS } };
  return withService({ options }, async (service) => {
    const proxy = await startDelayingProxy({ upstream: await service.origin(), delayMs });
    const races = PAUSES.map(() => 0);
    const loads = startLoads(
      ...PAUSES.map(([from, to], index) => ({
        origin: proxy,
        connections: 'kept-alive' as const,
        clients: CLIENTS,
        thinkMs: (random: () => number) => IDLE_MS * (from + (to - from) * random()),
        onLoss(loss: Loss) {
          if (isRace(loss)) races[index] = (races[index] ?? 0) + 1;
        },
      })),
    );
    try {
      for (let rollout = 1; rollout <= rollouts; rollout += 1) {
        // Long enough for the clients to be out of step with each other, and with the drain before.
        await Promise.all(loads.all.map((load) => load.finished(load.counts().answered + 3 * CLIENTS)));
        await roll(service);
        console.error(`${delayMs} ms, rollout ${rollout} of ${rollouts}`);
      }
      const reports = await loads.stop();
      return reports.map((report, index) => ({
        delayMs,
        pauses: PAUSES[index] ?? PAUSES[0],
        report,
        races: races[index] ?? 0,
      }));
    } finally {
      await loads.stop();
      await proxy.close();
    }
  });
}

function cells(
  { delayMs, pauses: [from, to], report, races }: Row,
  rollouts: number,
): readonly (string | number)[] {
  const { sent, lost, closedWhenIdle, resetWhenIdle } = report;
  const closed = closedWhenIdle + resetWhenIdle + lost;
  return [
    `${delayMs} ms; ${from} to ${to} idleMs`,
    rollouts,
    sent,
    closed,
    lost,
    races,
    ((1_000 * lost) / sent).toFixed(2),
    closed === 0 ? '-' : ((1_000 * lost) / closed).toFixed(0),
  ];
}

function isExplained({ pauses: [, longest], report, races }: Row): boolean {
  return longest < 1 ? report.lost === 0 : report.lost === races;
}

/** It was not the first request of its connection, which had been idle for idleMs at the least, and it had no answer. */
function isRace({ fate, requestOnConnection, sincePreviousResponseMs = 0 }: Loss): boolean {
  return fate === 'reset' && requestOnConnection > 1 && sincePreviousResponseMs >= IDLE_MS;
}
