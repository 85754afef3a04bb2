// What the primary's decisions cost, by the number of workers: CPU time of the pure fleet, with workers that are simulated.
// What does not end within ten seconds, or did not with fewer workers, takes infinitely long here.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { keyOf, MOST_MS, PHASES, SIZES } from '../fleet/phases.ts';
import type { Phase } from '../fleet/phases.ts';
import { run } from '../processes.ts';
import type { Measure, Row, Sample, Target } from './measure.ts';

const PROGRAM = fileURLToPath(new URL('../fleet/program.ts', import.meta.url));

const TITLES: Readonly<Record<Phase, string>> = {
  boot: 'the start, until all are ready',
  idleSecond: 'an idle second',
  crash: 'a crash, until the successor is ready',
  rollout: 'a rollout',
};

/** "Seconds", as the longest of all. */
const MOST_SECONDS: Target = { bound: 'at most', value: 9_000, aim: null };

export const fleet: Measure = {
  name: 'fleet',
  needs: null,
  contenders: ['ours', 'other'],
  rounds: 3,
  runs: 'on its own',
  async sample({ dist, title }) {
    if (dist === null) throw new Error(`${title} has no fleet`);
    const timeoutMs = 2 * PHASES.length * SIZES.length * MOST_MS;
    return asSample(
      JSON.parse(await run(process.execPath, [...process.execArgv, PROGRAM, dist], { timeoutMs })),
    );
  },
  rows: PHASES.flatMap((phase) => SIZES.map((size) => row(phase, size))),
};

function row(phase: Phase, size: number): Row {
  const isLongest = phase === 'rollout' && size === SIZES.at(-1);
  return {
    key: keyOf(phase, size),
    title: `fleet of ${size}: CPU time of ${TITLES[phase]}, ms`,
    digits: 2,
    comparison: { of: 'figure', target: isLongest ? MOST_SECONDS : null },
  };
}

function asSample(value: unknown): Sample {
  // There is no infinity in JSON.
  const entries = Object.entries(Object(value)).map(
    ([key, figure]) => [key, Number(figure ?? Infinity)] as const,
  );
  return Object.fromEntries(entries);
}
