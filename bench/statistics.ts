// Medians, and their confidence intervals by a bootstrap over the rounds.
import type { Random } from '../test/simulation/random.ts';

/** The values of two contenders in the same round, one shortly after the other. */
export interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

export interface Interval {
  readonly estimate: number;
  /** Of 95 %. */
  readonly lower: number;
  readonly upper: number;
}

const RESAMPLES = 10_000;

/** NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/**
 * `compare` of the two medians, and the interval that holds 95 % of its values when the rounds are drawn anew, with
 * replacement. A round is drawn as a whole, as its two values share the state in which the machine was.
 * @throws there is no round
 */
export function bootstrap(
  rounds: readonly Pair[],
  compare: (ours: number, theirs: number) => number,
  random: Random,
  resamples = RESAMPLES,
): Interval {
  if (rounds.length === 0) throw new Error('there is no round to draw from');
  const ofMedians = (pairs: readonly Pair[]): number =>
    compare(median(pairs.map(({ ours }) => ours)), median(pairs.map(({ theirs }) => theirs)));
  const resampled = Array.from({ length: resamples }, () => ofMedians(drawn(rounds, random)));
  resampled.sort((a, b) => a - b);
  return {
    estimate: ofMedians(rounds),
    lower: quantile(resampled, 0.025),
    upper: quantile(resampled, 0.975),
  };
}

/** As many as there are, each drawn from all of them. */
function drawn<T>(list: readonly T[], random: Random): readonly T[] {
  return list.flatMap(() => {
    const at = Math.floor(random() * list.length);
    return list.slice(at, at + 1);
  });
}

export const ratio = (ours: number, theirs: number): number => ours / theirs;

export const difference = (ours: number, theirs: number): number => ours - theirs;

/** Of sorted values, interpolated between the two nearest ones. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  // Infinity is a value, too.
  return below === above ? below : below + (above - below) * (at - Math.floor(at));
}
