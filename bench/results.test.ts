// What the bench makes of its samples: cells, comparisons, and whether a target is met.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sideBySide } from './contenders.ts';
import type { ContenderId } from './contenders.ts';
import type { Measure, Sample, Target } from './measures/measure.ts';
import { parseOptions } from './options.ts';
import { judgeInterval, resultsOf } from './results.ts';
import type { Measured } from './rounds.ts';

const atLeast: Target = { bound: 'at least', value: 1.5, aim: 2.5 };
const atMost: Target = { bound: 'at most', value: 1.05, aim: 1.02 };

suite('the results of the bench', () => {
  test('a target is met by the whole interval, missed by the whole interval, and else open', () => {
    assert.equal(target(atLeast, 1.6, 2), 'met');
    assert.equal(target(atLeast, 1.4, 2), 'open');
    assert.equal(target(atLeast, 1, 1.4), 'missed');
    assert.equal(target(atMost, 0.9, 1.04), 'met');
    assert.equal(target(atMost, 0.9, 1.06), 'open');
    assert.equal(target(atMost, 1.06, 1.2), 'missed');
  });

  test('an aim is for the estimate', () => {
    const seen = (estimate: number): unknown =>
      judgeInterval(atLeast, { estimate, lower: 1, upper: 9 }).find(({ what }) => what === 'aim')?.is;
    assert.equal(seen(2.6), 'met');
    assert.equal(seen(2.4), 'missed');
  });

  test('medians round by round, ours against the baseline', () => {
    const [row] = resultsOf(measured(ratioRow, { ours: [30, 10, 20], cluster: [15, 5, 10] }), 1);
    assert.equal(row?.cells.get('ours')?.value, 20);
    assert.equal(row?.cells.get('cluster')?.value, 10);
    assert.deepEqual(row?.against, {
      baseline: 'cluster',
      of: 'ratio',
      rounds: 3,
      interval: { estimate: 2, lower: 2, upper: 2 },
    });
    assert.deepEqual(
      row?.verdicts.map(({ what, is }) => [what, is]),
      [
        ['target', 'met'],
        ['aim', 'missed'],
      ],
    );
  });

  test('with one round nothing is met', () => {
    const [row] = resultsOf(measured(ratioRow, { ours: [30], cluster: [10] }), 1);
    assert.deepEqual(
      row?.verdicts.map(({ is }) => is),
      ['open', 'open'],
    );
  });

  test('counts are sums, and one lost request in any round misses the target', () => {
    const lost = (ours: readonly number[]): unknown =>
      resultsOf(measured(countRow, { ours, cluster: [5, 5] }), 1)[0];
    const facts = (row: unknown): unknown => Reflect.get(Object(row), 'verdicts');
    assert.deepEqual(facts(lost([0, 0])), [{ what: 'target', bound: 'exactly', value: 0, is: 'met' }]);
    assert.deepEqual(facts(lost([0, 1])), [{ what: 'target', bound: 'exactly', value: 0, is: 'missed' }]);
    const [row] = resultsOf(measured(countRow, { ours: [1, 2], cluster: [5, 5] }), 1);
    assert.deepEqual(row?.cells.get('ours'), { value: 3, outOf: 200, samples: [1, 2] });
  });

  test('a figure of its own is met when every round keeps the bound, and compared only with another checkout', () => {
    const verdict = (ours: readonly number[]): unknown =>
      resultsOf(measured(figureRow, { ours }), 1)[0]?.verdicts.map(({ is }) => is);
    assert.deepEqual(verdict([1, 1.04, 0.9]), ['met', 'met']);
    assert.deepEqual(verdict([1, 1.06, 0.9]), ['open', 'met']);
    assert.deepEqual(verdict([2, 1.06, 1.1]), ['missed', 'missed']);
    assert.deepEqual(verdict([1]), ['open', 'open']);
    const [row] = resultsOf(measured(figureRow, { ours: [1, 2, 3] }), 1);
    assert.deepEqual(row?.cells.get('ours'), { value: 2, outOf: null, samples: [1, 2, 3] });
    assert.equal(row?.against, null);
  });

  test('two checkouts are compared by the ratio of such figures', () => {
    const { measure, outcome } = measured(figureRow, { ours: [1, 2, 3], cluster: [10, 20, 30] });
    assert.ok(outcome.is === 'measured');
    const samples = new Map([
      ['ours', outcome.samples.get('ours') ?? []],
      ['other', outcome.samples.get('cluster') ?? []],
    ] as const);
    const [ours] = sideBySide(parseOptions([]));
    assert.ok(ours);
    const contenders = [ours, { ...ours, id: 'other' }] as const;
    const [row] = resultsOf({ measure, contenders, outcome: { is: 'measured', samples } }, 1);
    assert.equal(row?.against?.baseline, 'other');
    assert.equal(row.against.interval.estimate, 0.1);
    assert.deepEqual(row.verdicts, []);
  });

  test('what was not measured has no rows', () => {
    const { measure, contenders } = measured(ratioRow, {});
    const outcome = { is: 'not measured', why: 'wrk is missing' } as const;
    assert.deepEqual(resultsOf({ measure, contenders, outcome }, 1), []);
  });
});

const ratioRow: Measure['rows'][number] = {
  key: 'value',
  title: 'a ratio',
  digits: 0,
  comparison: { of: 'ratio', baseline: 'cluster', target: atLeast },
};
const figureRow: Measure['rows'][number] = {
  key: 'value',
  title: 'a figure',
  digits: 0,
  comparison: { of: 'figure', target: atMost },
};
const countRow: Measure['rows'][number] = {
  key: 'value',
  title: 'a count',
  digits: 0,
  comparison: { of: 'count', outOf: 'sent', mustBeZero: true },
};

function target(asked: Target, lower: number, upper: number): unknown {
  const verdicts = judgeInterval(asked, { estimate: (lower + upper) / 2, lower, upper });
  return verdicts.find(({ what }) => what === 'target')?.is;
}

function measured(
  row: Measure['rows'][number],
  values: Partial<Record<ContenderId, readonly number[]>>,
): Measured {
  const contenders = sideBySide(parseOptions([]));
  const samples = new Map<ContenderId, readonly Sample[]>();
  for (const { id } of contenders) {
    const runs = values[id];
    if (runs !== undefined)
      samples.set(
        id,
        runs.map((value) => ({ value, sent: 100 })),
      );
  }
  const measure: Measure = {
    name: 'cpu',
    needs: null,
    contenders: ['ours', 'cluster'],
    rounds: 3,
    runs: 'alone',
    sample: async () => ({}),
    rows: [row],
  };
  return { measure, contenders, outcome: { is: 'measured', samples } };
}
