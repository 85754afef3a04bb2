// Measures this package side by side with other ways to run the same app: npm run bench -- --help
import fs from 'node:fs';
import process from 'node:process';
import { sideBySide, twoCheckouts } from './contenders.ts';
import { toJson } from './json.ts';
import { surroundings } from './machine.ts';
import { toMarkdown } from './markdown.ts';
import { measures } from './measures/all.ts';
import { USAGE, parseOptions } from './options.ts';
import type { Options } from './options.ts';
import { resultsOf } from './results.ts';
import { measureInRounds } from './rounds.ts';

async function bench(options: Options, args: readonly string[]): Promise<void> {
  const contenders =
    options.against === undefined
      ? sideBySide(options).filter(({ id }) => options.contenders.includes(id))
      : twoCheckouts(options.against);
  const facts = surroundings(args);
  const startedAt = performance.now();
  const results = [];
  for (const measure of measures.filter(({ name }) => options.only.includes(name))) {
    const measured = await measureInRounds(measure, contenders, options);
    results.push({ measured, rows: resultsOf(measured, options.seed) });
    if (measured.outcome.is === 'failed') process.exitCode = 1;
  }
  const minutes = (performance.now() - startedAt) / 60_000;
  const report = { surroundings: { ...facts, minutes }, contenders, measures: results };
  const markdown = toMarkdown(report);
  fs.writeFileSync(`${options.out}.md`, markdown);
  fs.writeFileSync(`${options.out}.json`, toJson(report));
  process.stdout.write(markdown);
}

const args = process.argv.slice(2);
if (args.includes('--help')) process.stdout.write(`${USAGE}\n`);
else await bench(parseOptions(args), args);
