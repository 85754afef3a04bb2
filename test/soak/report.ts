// The report of a soak: as text, and as JSON.
import { FATES } from '../helpers/load-report.ts';
import { alignedTable } from '../helpers/tables.ts';
import { timeOf } from './exits.ts';
import type { Exit } from './exits.ts';
import type { Result } from './run.ts';
import type { Slope } from './slope.ts';
import type { Stage } from './stage.ts';
import type { Check } from './verdict.ts';

export function describe(result: Result): string {
  const { troubles, rollouts, exits, findings, gaps, lives, loads, slope } = result;
  const ofKind = (asked: Exit['kind']): ReadonlyMap<string, number> =>
    tally(exits.filter(({ kind }) => kind === asked).map(({ cause }) => cause));
  return [
    section('Troubles', counts(troubles)),
    section('Rollouts', counts(rollouts)),
    section('Abrupt exits of workers', counts(ofKind('abrupt'))),
    section('Graceful exits of workers', counts(ofKind('graceful'))),
    section('Unexplained exits of workers', counts(ofKind('unexplained'))),
    section(
      'Requests',
      alignedTable(
        ['', ...FATES, 'p99 ms'],
        [...loads].map(([kind, report]) => [
          kind,
          ...FATES.map((fate) => report[fate]),
          Math.round(report.latency.p99),
        ]),
      ),
    ),
    section('Losses', counts(tally(findings.map(({ loss, type }) => `${loss.fate}, ${type}`)))),
    section(
      'The primaries, by number',
      alignedTable(
        ['', 'descriptors', 'listeners', 'heap KB, first to last'],
        lives.map(({ number, audits, heapKb }) => [
          String(number),
          audits
            .map(({ before, after }) => `${before.descriptors.length} -> ${after.descriptors.length}`)
            .at(-1) ?? 'killed while busy',
          audits
            .map(({ before, after }) => `${total(before.listeners)} -> ${total(after.listeners)}`)
            .at(-1) ?? '',
          heapKb.length === 0 ? '' : `${heapKb.at(0)} -> ${heapKb.at(-1)}, at most ${Math.max(...heapKb)}`,
        ]),
      ),
    ),
    section('Leaders', [`${result.terms.length} terms`]),
    section("The slope of the primary's heap", [inWords(slope)]),
    section('Time without a ready worker', [
      `at most ${result.longestUnreadyMs} ms while there was a primary`,
      ...gaps.map(({ from, until }) => `${until - from} ms from the SIGKILL of a primary on`),
      `${result.waitsForPort} starts waited for a port that the workers of a killed primary still held`,
    ]),
  ].join('\n');
}

export function describeChecks(checks: readonly Check[]): string {
  return checks
    .flatMap(({ name, faults }) => [
      `${faults.length === 0 ? 'passed' : 'FAILED'}  ${name}`,
      ...faults.slice(0, MOST_FAULTS).map((fault) => `          ${fault}`),
      ...(faults.length > MOST_FAULTS ? [`          and ${faults.length - MOST_FAULTS} more`] : []),
    ])
    .join('\n');
}

const MOST_FAULTS = 20;

export function toJson(facts: object, result: Result, checks: readonly Check[]): string {
  const asObject = (_: string, value: unknown): unknown =>
    value instanceof Map ? Object.fromEntries(value) : value;
  const { story: _, ...rest } = result;
  return `${JSON.stringify({ ...facts, checks, ...rest }, asObject, 2)}\n`;
}

/** The logs of all primaries and the signals that the soak sent, by time, a line of JSON each. */
export function wholeLog({ lives, signals }: Stage): string {
  const logged = lives.flatMap(({ number, service }) =>
    service.log.map((line) => ({ ...line, life: number, time: timeOf(line) })),
  );
  const sent = signals.map(({ at, ...facts }) => ({ ...facts, msg: 'signal sent by the soak', time: at }));
  return [...logged, ...sent]
    .toSorted((a, b) => a.time - b.time)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

function inWords({ type, samples, kbPerMinute }: Slope): string {
  const slope = kbPerMinute === null ? '' : `${kbPerMinute.toFixed(0)} KB a minute, `;
  return `${slope}${type === 'judged' ? `of ${samples} samples` : `not judged: ${samples} samples`}`;
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...(lines.length === 0 ? ['none'] : lines).map((line) => `  ${line}`), ''].join('\n');
}

function counts(map: ReadonlyMap<string, number>): readonly string[] {
  return [...map]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${String(count).padStart(6)}  ${name}`);
}

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const map = new Map<string, number>();
  for (const name of names) map.set(name, (map.get(name) ?? 0) + 1);
  return map;
}

function total(listeners: Readonly<Record<string, number>>): number {
  return Object.values(listeners).reduce((sum, count) => sum + count, 0);
}
