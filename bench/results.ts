// What the samples of a measure say: a value for each contender, ours against the baseline, and whether targets are met.
import { seeded } from '../test/simulation/random.ts';
import type { ContenderId } from './contenders.ts';
import { valueOf } from './measures/measure.ts';
import type { Comparison, Row, Sample, Target } from './measures/measure.ts';
import type { Measured } from './rounds.ts';
import { bootstrap, difference, median, ratio } from './statistics.ts';
import type { Interval } from './statistics.ts';

export interface RowResult {
  readonly key: string;
  readonly title: string;
  readonly digits: number;
  readonly cells: ReadonlyMap<ContenderId, Cell>;
  /** Null: there is nothing to compare with. */
  readonly against: Against | null;
  readonly verdicts: readonly Verdict[];
}

export interface Cell {
  /** A median, or a sum. */
  readonly value: number;
  /** Of a count: of how many. */
  readonly outOf: number | null;
  /** Round by round. */
  readonly samples: readonly number[];
}

export interface Against {
  readonly baseline: ContenderId;
  readonly of: 'ratio' | 'difference';
  readonly rounds: number;
  readonly interval: Interval;
}

export interface Verdict {
  readonly what: 'target' | 'aim';
  readonly bound: 'at least' | 'at most' | 'exactly';
  readonly value: number;
  /** `open`: the interval holds the bound itself, or there were too few rounds for one. */
  readonly is: 'met' | 'missed' | 'open';
}

/** With fewer rounds the interval says nothing. */
export const FEWEST_ROUNDS = 3;

/** Empty unless the measure was made. */
export function resultsOf({ measure, contenders, outcome }: Measured, seed: number): readonly RowResult[] {
  if (outcome.is !== 'measured') return [];
  const { samples } = outcome;
  const twoCheckouts = contenders.some(({ id }) => id === 'other');
  return measure.rows.map((row) => rowOf(twoCheckouts ? amongEquals(row) : row, samples, seed));
}

/** Targets are about other ways to run an app, not about another version of this package. */
function amongEquals(row: Row): Row {
  const { comparison } = row;
  if (comparison.of === 'count') return { ...row, comparison: { ...comparison, mustBeZero: false } };
  const of = comparison.of === 'figure' ? 'ratio' : comparison.of;
  return { ...row, comparison: { of, baseline: 'other', target: null } };
}

type Samples = ReadonlyMap<ContenderId, readonly Sample[]>;

function rowOf({ key, title, digits, comparison }: Row, samples: Samples, seed: number): RowResult {
  const cells = new Map([...samples].map(([id, runs]) => [id, cellOf(key, comparison, runs)]));
  const isAlone = comparison.of === 'count' || comparison.of === 'figure';
  const against = isAlone ? null : compare(cells, comparison, seed);
  return { key, title, digits, cells, against, verdicts: judge(comparison, cells, against) };
}

function cellOf(key: string, comparison: Comparison, runs: readonly Sample[]): Cell {
  const values = runs.map((sample) => valueOf(sample, key));
  if (comparison.of !== 'count') return { value: median(values), outOf: null, samples: values };
  const { outOf } = comparison;
  return {
    value: sum(values),
    outOf: outOf === null ? null : sum(runs.map((sample) => valueOf(sample, outOf))),
    samples: values,
  };
}

function compare(
  cells: ReadonlyMap<ContenderId, Cell>,
  { of, baseline }: Exclude<Comparison, { of: 'count' | 'figure' }>,
  seed: number,
): Against | null {
  const ours = cells.get('ours')?.samples;
  const theirs = cells.get(baseline)?.samples;
  if (ours === undefined || theirs === undefined) return null;
  const pairs = ours.flatMap((value, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [{ ours: value, theirs: other }];
  });
  const interval = bootstrap(pairs, of === 'ratio' ? ratio : difference, seeded(seed));
  return { baseline, of, rounds: pairs.length, interval };
}

function judge(
  comparison: Comparison,
  cells: ReadonlyMap<ContenderId, Cell>,
  against: Against | null,
): readonly Verdict[] {
  if (comparison.of === 'count') {
    const ours = cells.get('ours');
    if (ours === undefined || !comparison.mustBeZero) return [];
    return [{ what: 'target', bound: 'exactly', value: 0, is: ours.value === 0 ? 'met' : 'missed' }];
  }
  const { target } = comparison;
  const seen = comparison.of === 'figure' ? spread(cells.get('ours')) : against;
  if (seen === null || target === null) return [];
  const verdicts = judgeInterval(target, seen.interval);
  return seen.rounds < FEWEST_ROUNDS ? verdicts.map((verdict) => ({ ...verdict, is: 'open' })) : verdicts;
}

/** From the least to the most that any round showed. */
function spread(cell: Cell | undefined): { readonly rounds: number; readonly interval: Interval } | null {
  if (cell === undefined || cell.samples.length === 0) return null;
  const { value: estimate, samples } = cell;
  const interval = { estimate, lower: Math.min(...samples), upper: Math.max(...samples) };
  return { rounds: samples.length, interval };
}

/** The target is for the whole interval; the aim for the estimate alone. */
export function judgeInterval(
  { bound, value, aim }: Target,
  { estimate, lower, upper }: Interval,
): readonly Verdict[] {
  const keeps = (seen: number, asked: number): boolean =>
    bound === 'at least' ? seen >= asked : seen <= asked;
  const verdicts: Verdict[] = [];
  if (value !== null) {
    const kept = [lower, upper].filter((end) => keeps(end, value)).length;
    verdicts.push({ what: 'target', bound, value, is: kept === 2 ? 'met' : kept === 1 ? 'open' : 'missed' });
  }
  if (aim !== null)
    verdicts.push({ what: 'aim', bound, value: aim, is: keeps(estimate, aim) ? 'met' : 'missed' });
  return verdicts;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
