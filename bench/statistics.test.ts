// The bench's statistics: what it says of medians, and how sure it is.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { bootstrap, difference, median, quantile, ratio } from './statistics.ts';
import type { Pair } from './statistics.ts';
import { seeded } from '../test/simulation/random.ts';

const value = fc.double({ min: 1, max: 1e6, noNaN: true });
const rounds = fc.array(fc.record({ ours: value, theirs: value }), { minLength: 1, maxLength: 9 });
const FEW = { numRuns: 20 };

suite('the statistics of the bench', () => {
  test('a median is the middle one, or between the two middle ones, whatever the order', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
    assert.ok(Number.isNaN(median([])));
  });

  test('what never ended is infinite, and more than anything', () => {
    assert.equal(median([Infinity, Infinity, 1]), Infinity);
    assert.equal(median([Infinity, Infinity]), Infinity);
    assert.equal(median([1, Infinity]), Infinity);
    assert.equal(median([1, 2, Infinity]), 2);
  });

  test('a quantile lies between the two nearest values', () => {
    assert.equal(quantile([0, 10, 20], 0.5), 10);
    assert.equal(quantile([0, 10, 20], 0.25), 5);
    assert.equal(quantile([0, 10, 20], 1), 20);
  });

  test('the estimate is of the medians of all rounds, and the interval holds what rounds can show', () => {
    fc.assert(
      fc.property(rounds, fc.integer(), (pairs, seed) => {
        const { estimate, lower, upper } = bootstrap(pairs, ratio, seeded(seed));
        const ours = pairs.map((pair) => pair.ours);
        const theirs = pairs.map((pair) => pair.theirs);
        assert.equal(estimate, median(ours) / median(theirs));
        assert.ok(lower <= upper);
        assert.ok(lower >= Math.min(...ours) / Math.max(...theirs));
        assert.ok(upper <= Math.max(...ours) / Math.min(...theirs));
      }),
      FEW,
    );
  });

  test('the same seed, the same interval', () => {
    const pairs = noisy(9, 2, 0.2);
    const drawn = (seed: number): unknown => bootstrap(pairs, ratio, seeded(seed), 20);
    assert.deepEqual(drawn(7), drawn(7));
    assert.notDeepEqual(drawn(7), drawn(8));
  });

  test('rounds are drawn as a whole: what both sides share says nothing about their ratio', () => {
    const shared = [1, 2, 4, 8, 16].map((speed) => ({ ours: 3 * speed, theirs: 2 * speed }));
    assert.deepEqual(bootstrap(shared, ratio, seeded(1)), { estimate: 1.5, lower: 1.5, upper: 1.5 });
  });

  test('a difference has the unit of the values', () => {
    const pairs = [1, 2, 3].map((theirs) => ({ ours: theirs + 12, theirs }));
    assert.deepEqual(bootstrap(pairs, difference, seeded(1)), { estimate: 12, lower: 12, upper: 12 });
  });

  test('of many series with a known ratio, about 95 % of the intervals hold it', () => {
    const series = 200;
    let held = 0;
    for (let seed = 1; seed <= series; seed += 1) {
      const { lower, upper } = bootstrap(noisy(9, 2, 0.2, seed), ratio, seeded(seed), 1000);
      if (lower <= 2 && 2 <= upper) held += 1;
    }
    assert.ok(held >= 0.9 * series, `${held} of ${series}`);
  });

  test('no rounds, no interval', () => {
    assert.throws(() => bootstrap([], ratio, seeded(1)), /no round/);
  });
});

/** Rounds in which ours is `factor` times theirs, each off by up to that share. */
function noisy(count: number, factor: number, share: number, seed = 1): readonly Pair[] {
  const random = seeded(seed);
  const off = (): number => 1 + share * (2 * random() - 1);
  return Array.from({ length: count }, () => ({ ours: 100 * factor * off(), theirs: 100 * off() }));
}
