// What must hold after a soak, check by check.
import { isDeepStrictEqual } from 'node:util';
import type { FleetStatus } from 'fastify-clustered';
import type { Fate, LoadReport } from '../helpers/load-report.ts';
import type { Finding } from './attribution.ts';
import type { Audit } from './life.ts';
import type { Result } from './run.ts';
import { MOST_KB_PER_MINUTE } from './slope.ts';
import type { Slope } from './slope.ts';
import { SIZE } from './stage.ts';

export interface Check {
  readonly name: string;
  /** None: passed. */
  readonly faults: readonly string[];
}

export function judge(result: Result): readonly Check[] {
  const { findings, loads, exits, lives, slope, status } = result;
  const unexplained = findings.filter(({ type }) => type === 'unexplained');
  const audits = lives.flatMap((life) => life.audits);
  const lost = sum(loads, 'lost');
  return [
    { name: 'every trouble was carried out', faults: result.faults },
    {
      name: 'every kind of request was answered, and every loss is accounted for',
      faults: [
        ...[...loads].filter(([, { answered }]) => answered === 0).map(([kind]) => `${kind}: none answered`),
        ...(lost === findings.length ? [] : [`${lost} lost, ${findings.length} accounted for`]),
      ],
    },
    { name: '0 refused while somebody held the socket', faults: ofFate(unexplained, 'refused') },
    { name: '0 hung', faults: ofFate(findings, 'hung') },
    { name: '0 answered with a 5xx', faults: ofFate(findings, 'serverError') },
    { name: '0 answered wrongly', faults: ofFate(findings, 'wrongAnswer') },
    {
      name: 'lost only what a killed worker had accepted',
      faults: [...ofFate(unexplained, 'reset'), ...ofFate(unexplained, 'cut')],
    },
    {
      name: 'no worker exited without a cause',
      faults: exits.flatMap(({ kind, pid, cause }) =>
        kind === 'unexplained' ? [`worker ${pid}: ${cause}`] : [],
      ),
    },
    {
      name: 'no broken release was rolled out',
      faults: result.wronglyCompleted.map((entry) => `${entry}: its rollout completed`),
    },
    { name: 'no pruned release was needed', faults: result.missed },
    { name: 'never two leaders', faults: faultsOfTerms(result) },
    { name: 'at the end, one worker is the leader', faults: faultsOfLeader(status) },
    { name: 'at the end, every worker is ready', faults: faultsOfSize(status) },
    { name: 'at the end, one generation, unless the last rollout was aborted', faults: faultsOfMix(status) },
    {
      name: 'SIGTERM ended it with code 0, and left no process',
      faults: [
        ...(result.exitCode === 0 ? [] : [`exit code ${String(result.exitCode)}`]),
        ...result.leftovers.map((pid) => `process ${pid} is still there`),
      ],
    },
    {
      name: "the primary's descriptors and listeners, at rest, are those of its start",
      faults: audits.length === 0 ? ['never audited'] : audits.flatMap(faultsOfAudit),
    },
    ...judgeHeap(slope),
  ];
}

/** With too few samples there is no check, rather than a passed one. */
function judgeHeap(slope: Slope): readonly Check[] {
  if (slope.type === 'too short') return [];
  const name = `the primary's heap does not grow by more than ${MOST_KB_PER_MINUTE} KB a minute`;
  return [{ name, faults: slope.grows ? [`${Math.round(slope.kbPerMinute)} KB a minute`] : [] }];
}

export function sum(loads: ReadonlyMap<string, LoadReport>, what: Fate | 'lost' | 'sent'): number {
  return [...loads.values()].reduce((total, report) => total + report[what], 0);
}

function ofFate(findings: readonly Finding[], fate: Fate): readonly string[] {
  return findings
    .filter(({ loss }) => loss.fate === fate)
    .map((finding) => {
      const { at, request, code, localPort, tookMs, worker } = finding.loss;
      const why = finding.type === 'unexplained' ? finding.why : finding.type;
      return `${at} ${request} from port ${localPort}, after ${tookMs} ms, ${code}, answered before by ${worker ?? 'no worker'}: ${why}`;
    });
}

function faultsOfTerms({ terms }: Result): readonly string[] {
  if (terms.length === 0) return ['there was never one'];
  return terms.flatMap(({ pid, at, rival }) =>
    rival === null ? [] : [`${at}: worker ${pid}, while ${rival} still was`],
  );
}

function faultsOfLeader(status: FleetStatus | null): readonly string[] {
  const leaders = status?.workers.filter(({ leader }) => leader) ?? [];
  return leaders.length === 1 ? [] : [`${leaders.length} leaders`];
}

function faultsOfSize(status: FleetStatus | null): readonly string[] {
  if (status === null) return ['it did not come to rest'];
  const ready = status.workers.filter(({ state }) => state === 'ready').length;
  const isComplete = status.size === SIZE.start && ready === status.size && status.workers.length === ready;
  return isComplete ? [] : [`${ready} ready of ${status.workers.length}, size ${status.size}`];
}

function faultsOfMix(status: FleetStatus | null): readonly string[] {
  if (status === null) return ['it did not come to rest'];
  const { workers, mixed, lastRollout } = status;
  const generations = new Set(workers.map(({ generation }) => generation));
  return [
    ...(mixed === generations.size > 1 ? [] : [`mixed is ${mixed}, of ${generations.size} generations`]),
    ...(generations.size > 1 && lastRollout?.outcome !== 'aborted'
      ? [`generations ${[...generations].join(', ')} after a rollout that was ${lastRollout?.outcome}`]
      : []),
  ];
}

function faultsOfAudit({ life, before, after }: Audit): readonly string[] {
  return [
    ...(after.descriptors.length <= before.descriptors.length
      ? []
      : [`life ${life}: descriptors ${before.descriptors.join(', ')} -> ${after.descriptors.join(', ')}`]),
    ...(isDeepStrictEqual(after.listeners, before.listeners)
      ? []
      : [
          `life ${life}: listeners ${JSON.stringify(before.listeners)} -> ${JSON.stringify(after.listeners)}`,
        ]),
  ];
}
