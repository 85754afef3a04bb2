// The bench's table.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sideBySide } from './contenders.ts';
import type { ContenderId } from './contenders.ts';
import { toJson } from './json.ts';
import { surroundings } from './machine.ts';
import { toMarkdown } from './markdown.ts';
import { cpu } from './measures/cpu.ts';
import { rollout } from './measures/rollout.ts';
import { fresh } from './measures/throughput.ts';
import type { Measure, Sample } from './measures/measure.ts';
import { parseOptions } from './options.ts';
import type { Report } from './report.ts';
import { resultsOf } from './results.ts';
import type { Measured, Outcome } from './rounds.ts';

const contenders = sideBySide(parseOptions([]));

suite('the table of the bench', () => {
  test('a row has the medians, the interval and the verdicts; a contender without samples has no column', () => {
    const samples = new Map<ContenderId, readonly Sample[]>([
      ['ours', [{ perRequest: 30 }, { perRequest: 31 }, { perRequest: 32 }]],
      ['cluster', [{ perRequest: 30 }, { perRequest: 31 }, { perRequest: 32 }]],
    ]);
    const lines = toMarkdown(report([cpu, { is: 'measured', samples }])).split('\n');
    assert.ok(lines.includes('|  | fastify-clustered | node:cluster | ours against it (95 %) | target |'));
    const [title] = cpu.rows.map((row) => row.title);
    assert.ok(
      lines.includes(
        `| ${title} | 31.00 | 31.00 | 1.000 × node:cluster (1.000 to 1.000) | at most 1.05: met; aim at most 1.02: met |`,
      ),
      lines.join('\n'),
    );
  });

  test('counts come with their total', () => {
    const sample = { freshLost: 0, freshSent: 1000, keptAliveLost: 1, keptAliveSent: 2000 };
    const samples = new Map<ContenderId, readonly Sample[]>([['ours', [sample, sample]]]);
    const table = toMarkdown(report([rollout, { is: 'measured', samples }]));
    assert.match(table, /lost on fresh connections \| 0 of 2,000 \|  \| exactly 0: met \|/);
    assert.match(table, /lost on kept-alive connections \| 2 of 4,000 \|  \| exactly 0: missed \|/);
  });

  test('what was not measured is named, with the reason', () => {
    const why = 'wrk is missing (Debian package wrk)';
    const partial = report([fresh, { is: 'not measured', why }]);
    assert.match(toMarkdown(partial), /^- fresh: not measured: wrk is missing \(Debian package wrk\)$/m);
    assert.deepEqual(Reflect.get(Object(JSON.parse(toJson(partial))), 'measures'), [
      { name: 'fresh', outcome: { is: 'not measured', why }, rows: [], samples: {} },
    ]);
  });

  test('it says how and where it was measured', () => {
    const [first] = toMarkdown(report()).split('\n');
    assert.match(first ?? '', /^`npm run bench -- --only cpu`, .* UTC, Node v\d+.*, \d+ cores/);
  });
});

function report(...outcomes: readonly (readonly [Measure, Outcome])[]): Report {
  const measures = outcomes.map(([measure, outcome]) => {
    const measured: Measured = { measure, contenders, outcome };
    return { measured, rows: resultsOf(measured, 1) };
  });
  return { surroundings: { ...surroundings(['--only', 'cpu']), minutes: 1 }, contenders, measures };
}
