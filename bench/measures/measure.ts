// What a measure is: how contenders are measured once, and the rows of the table that come of it.
import type { Contender, ContenderId } from '../contenders.ts';
import type { MeasureName, Options } from '../options.ts';
import type { Running } from '../running.ts';
import type { Tool } from '../tools.ts';

/** The figures of one run, by the keys of the rows. */
export type Sample = Readonly<Record<string, number>>;

export type Measure = AloneMeasure | TogetherMeasure | OwnMeasure;

/** Each contender has just become ready, and is warmed up first. */
interface AloneMeasure extends Common {
  readonly runs: 'alone';
  sample(running: Running, options: Options): Promise<Sample>;
}

/** All contenders run; the measure loads one at a time. The samples come in the order of the contenders. */
interface TogetherMeasure extends Common {
  readonly runs: 'together';
  sample(all: readonly Running[], options: Options): Promise<readonly Sample[]>;
}

/** The measure starts the processes that it measures. */
interface OwnMeasure extends Common {
  readonly runs: 'on its own';
  sample(contender: Contender, options: Options): Promise<Sample>;
}

interface Common {
  readonly name: MeasureName;
  readonly needs: Tool | null;
  readonly contenders: readonly ContenderId[];
  /** How often, if the command line does not say it. */
  readonly rounds: number;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly key: string;
  readonly title: string;
  /** Behind the point. */
  readonly digits: number;
  readonly comparison: Comparison;
}

export type Comparison =
  | {
      /** Of the medians, with an interval. */
      readonly of: 'ratio' | 'difference';
      readonly baseline: ContenderId;
      readonly target: Target | null;
    }
  /** Its own median has to keep the bound and the aim, whatever the other contenders show. */
  | { readonly of: 'figure'; readonly target: Target | null }
  /** The table has the sum over all rounds, and of how many: `3 of 20123`. */
  | { readonly of: 'count'; readonly outOf: string | null; readonly mustBeZero: boolean };

/** A bound which the whole interval, or every round, has to keep, and what the estimate itself should reach. */
export interface Target {
  readonly bound: 'at least' | 'at most';
  /** Null: there is none. */
  readonly value: number | null;
  readonly aim: number | null;
}

/** Clients at once, in all measures but the tutorial's. */
export const CONNECTIONS = 64;

/** @throws the measure forgot one of its rows */
export function valueOf(sample: Sample, key: string): number {
  const value = sample[key];
  if (value === undefined) throw new Error(`the sample has no '${key}'`);
  return value;
}
