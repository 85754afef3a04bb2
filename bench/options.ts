// The command line of the bench.
import { parseArgs } from 'node:util';
import { wholeNumber } from '../test/helpers/command.ts';

export const MEASURES = [
  'fresh',
  'keptAlive',
  'cpu',
  'rollout',
  'killAll',
  'tutorial',
  'memory',
  'fleet',
  'large',
  'evenness',
] as const;
export type MeasureName = (typeof MEASURES)[number];

export const CONTENDERS = [
  'ours',
  'unshed',
  'reusePort',
  'roundRobin',
  'cluster',
  'one',
  'several',
  'raw',
  'bare',
] as const;

export interface Options {
  /** Which of the contenders of a measure run. */
  readonly contenders: readonly string[];
  readonly only: readonly MeasureName[];
  /** Undefined: as many as each measure takes by default. */
  readonly rounds: number | undefined;
  /** Of one measured run. Undefined: as long as each measure takes by default. */
  readonly seconds: number | undefined;
  /** Of one run of the measure `cpu`. */
  readonly requests: number;
  readonly workers: number;
  /** Of the bootstrap. */
  readonly seed: number;
  /** Another checkout of this package, built: it is the only one to compare with. */
  readonly against: string | undefined;
  /** The results are written here, with `.md` and `.json` at the end. */
  readonly out: string;
}

export const USAGE = `npm run bench -- [options]
  --only fresh,cpu   some of ${MEASURES.join(', ')}
  --contenders a,b   some of ${CONTENDERS.join(', ')}, so that more rounds fit in the same time
  --rounds N         how often each contender is measured
  --seconds N        how long each measured run takes
  --requests N       of one run of the measure cpu (200000)
  --workers N        of each contender (2)
  --seed N           of the bootstrap (1)
  --against PATH     compare this checkout with another one of this package, which is built
  --out PATH         where the results go, as PATH.md and PATH.json (bench/results)`;

/** @throws what is wrong with the arguments */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: text,
      contenders: text,
      rounds: text,
      seconds: text,
      requests: text,
      workers: text,
      seed: text,
      against: text,
      out: text,
    },
  });
  return {
    only: someOf(MEASURES, 'only', values.only),
    contenders: someOf(CONTENDERS, 'contenders', values.contenders),
    rounds: wholeNumber('rounds', values.rounds, undefined),
    seconds: wholeNumber('seconds', values.seconds, undefined),
    requests: wholeNumber('requests', values.requests, 200_000),
    workers: wholeNumber('workers', values.workers, 2),
    seed: wholeNumber('seed', values.seed, 1),
    against: values.against,
    out: values.out ?? 'bench/results',
  };
}

/** All of them, when none is named. */
function someOf<T extends string>(all: readonly T[], option: string, list: string | undefined): readonly T[] {
  const names = list?.split(',') ?? all;
  for (const name of names) {
    if (!all.some((one) => one === name))
      throw new Error(`--${option}: '${name}' is none of ${all.join(', ')}`);
  }
  return all.filter((one) => names.includes(one));
}
