// docs/scenarios.md names the tests of each scenario, the titles of tests name their scenarios: both must agree.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from '../helpers/installed.ts';
import { disagreements, misplacedIn, readScenarios, scenariosIn } from './scenarios.ts';
import { PAGE, testSources, titlesOf } from './test-sources.ts';

const sources = testSources();

suite('scenarios', () => {
  test('the page and the titles of the tests agree', () => {
    const page = fs.readFileSync(PAGE, 'utf8');
    const scripts: unknown = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).scripts;
    const titles = titlesOf(sources);
    const scenarios = readScenarios(page);
    assert.ok(scenarios.length > 60 && titles.size > 40, 'both were read');
    assert.deepEqual(
      disagreements(scenarios, titles, new Set(Object.keys(Object(scripts)))),
      [],
      'mend a title, or run: node --import tsx test/docs/update-scenarios.ts',
    );
  });

  test('titles begin with their scenarios', () => {
    const misplaced = [...sources].map(([file, source]) => [file, misplacedIn(source)] as const);
    assert.deepEqual(
      misplaced.filter(([, numbers]) => numbers.length > 0),
      [],
    );
  });

  test('every kind of disagreement is found', () => {
    const page = [
      '| number | what holds | shown by |',
      '| ------ | ---------- | -------- |',
      '| S1     | one        | integration/a, unit/b, simulation, `npm run soak -- --only a,b` |',
      '| S2     | two        | integration/a, integration/gone, `npm run gone` |',
      '|        | three      | unit/b, unit/gone |',
    ].join('\n');
    const titles = new Map([
      ['integration/a', scenariosIn(`test('S1, S3: one and three', () => {});`)],
      ['unit/b', scenariosIn("for (const [s] of [['S1', 2]]) test(`${s}: one`);\ntest(`S2: two`);")],
    ]);
    assert.deepEqual(disagreements(readScenarios(page), titles, new Set(['soak'])), [
      'S2: no title in integration/a names it',
      'S2: there is no test/integration/gone.test.ts',
      'S2: there is no command `npm run gone`',
      'a row without a number: there is no test/unit/gone.test.ts',
      'integration/a names S3, which the page does not list',
      'unit/b names S2, but the page does not say so',
    ]);
    assert.deepEqual(misplacedIn(`// As S1.\ntest('S2: as in S2');\ntest('a title with S3');`), ['S3']);
  });
});
