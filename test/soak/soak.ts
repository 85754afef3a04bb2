// Troubles without end on a service under load: npm run soak -- [--minutes N] [--seed N] [--json FILE] [--log FILE]
//
// A seed repeats the stream of troubles. It cannot repeat what comes of it to the last detail: that is decided by real
// processes in real time, so a failure may need its seed more than once, or a longer soak.
import fs from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
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
const minutes = Number(values.minutes ?? 1);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  throw new Error('--minutes takes a number above 0, --seed a whole number');
}

const stage = new Stage(seed);
// Nobody of the service may be left behind, whatever ends the soak.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stage.close().then(() => process.exit(1)));
}
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
    process.exitCode = 1;
  }
  console.log(`\n${checks.length - failed} passed, ${failed} failed`);
} catch (error) {
  // Not even a verdict came about: the service did not start, or the soak itself is broken.
  console.error(error);
  process.exitCode = 1;
  console.log('\n0 passed, 1 failed');
} finally {
  await stage.close();
}
