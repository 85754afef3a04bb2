// The soak in words and numbers: for people, and as JSON.
import { timeOf } from './deaths.ts';
import type { Result } from './run.ts';
import type { Slope } from './slope.ts';
import type { Stage } from './stage.ts';
import type { Check } from './verdict.ts';

const FATES = ['answered', 'refused', 'reset', 'cut', 'hung', 'serverError', 'wrongAnswer'] as const;

export function describe(result: Result): string {
  const { troubles, rollouts, deaths, findings, gaps, lives, loads, slope } = result;
  const ofKind = (wanted: string): ReadonlyMap<string, number> =>
    tally(deaths.filter(({ kind }) => kind === wanted).map(({ cause }) => cause));
  return [
    section('Troubles', counts(troubles)),
    section('Rollouts', counts(rollouts)),
    section('Workers that died in the middle of everything', counts(ofKind('violent'))),
    section('Workers that ended in order', counts(ofKind('orderly'))),
    section('Deaths that nobody can explain', counts(ofKind('unexplained'))),
    section(
      'Requests',
      table([
        ['', ...FATES, 'p99 ms'],
        ...[...loads].map(([kind, report]) => [
          kind,
          ...FATES.map((fate) => String(report[fate])),
          report.latency.p99.toFixed(0),
        ]),
      ]),
    ),
    section('Losses', counts(tally(findings.map(({ loss, type }) => `${loss.fate}, ${type}`)))),
    section(
      'The primary',
      table([
        ['life', 'descriptors', 'listeners', 'heap KB, first to last'],
        ...lives.map(({ number, audits, heapKb }) => [
          String(number),
          audits.map(({ before, after }) => `${before.descriptors} -> ${after.descriptors}`).at(-1) ??
            'killed in the midst',
          audits
            .map(({ before, after }) => `${total(before.listeners)} -> ${total(after.listeners)}`)
            .at(-1) ?? '',
          heapKb.length === 0 ? '' : `${heapKb.at(0)} -> ${heapKb.at(-1)}, at most ${Math.max(...heapKb)}`,
        ]),
      ]),
    ),
    section("The slope of the primary's heap", [inWords(slope)]),
    section('Without any ready worker', [
      `at most ${result.longestUnreadyMs} ms while there was a primary`,
      ...gaps.map(({ from, until }) => `${until - from} ms from the SIGKILL of a primary on`),
      `${result.startsTooEarly} starts met a port that the workers of a killed primary still held`,
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
  const { story: _, ...told } = result;
  return `${JSON.stringify({ ...facts, checks, ...told }, asObject, 2)}\n`;
}

/** All that the service said in all its lives, and the signals that the soak sent, a line of JSON each, by time. */
export function wholeLog({ lives, acts }: Stage): string {
  const said = lives.flatMap(({ number, service }) =>
    service.log.map((line) => ({ ...line, life: number, time: timeOf(line) })),
  );
  const done = acts.map(({ at, ...act }) => ({ ...act, msg: 'signal sent by the soak', time: at }));
  return [...said, ...done]
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

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
