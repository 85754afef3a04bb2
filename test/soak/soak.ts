// Many troubles on a service under load: npm run soak -- [--minutes N] [--seed N] [--json FILE] [--log FILE]
//
// A seed repeats the stream of troubles, but not every effect of them: those depend on real processes in real time, so to
// see a failure again may take the same seed more than once, or a longer soak.
import fs from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { conclude, numberAbove0, onInterrupt, wholeNumber } from '../helpers/command.ts';
import { describe, describeChecks, toJson, wholeLog } from './report.ts';
import { run } from './run.ts';
import { Stage } from './stage.ts';
import { judge } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
    log: { type: 'string' },
  },
});
const minutes = numberAbove0('minutes', values.minutes, 1);
const seed = wholeNumber('seed', values.seed, 1 + Math.floor(Math.random() * 2 ** 31));

const stage = new Stage(seed);
onInterrupt(() => stage.close());
console.log(`Seed ${seed}, ${minutes} minutes, Node ${process.version}`);
try {
  const startedAt = Date.now();
  const result = await run(seed, minutes, stage, {
    progress(_, stream, mix) {
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      const answered = [...mix.counts().values()].reduce((sum, counts) => sum + counts.answered, 0);
      console.log(`${seconds} s: ${stream.total} troubles, ${answered} answered, ${mix.losses.length} lost`);
    },
  });
  if (values.log !== undefined) fs.writeFileSync(values.log, wholeLog(stage));
  const checks = judge(result);
  const failed = checks.filter(({ faults }) => faults.length > 0).length;
  const facts = { seed, minutes, node: process.version, passed: failed === 0 };
  if (values.json !== undefined) fs.writeFileSync(values.json, toJson(facts, result, checks));
  console.log(`\n${describe(result)}\nVerdict\n${describeChecks(checks)}`);
  if (failed > 0) {
    console.error(`\nThe end of the service's log:\n${result.story}`);
    console.error(`\nRepeat it: npm run soak -- --minutes ${minutes} --seed ${seed}`);
  }
  conclude({ passed: checks.length - failed, failed });
} catch (error) {
  // There is nothing to judge: the service did not start, or the soak itself is broken.
  console.error(error);
  conclude({ passed: 0, failed: 1 });
} finally {
  await stage.close();
}
