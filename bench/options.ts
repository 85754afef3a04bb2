// The command line of the bench.
import { parseArgs } from 'node:util';

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
] as const;
export type MeasureName = (typeof MEASURES)[number];

export const CONTENDERS = ['ours', 'cluster', 'one', 'several', 'raw', 'bare'] as const;

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
    rounds: values.rounds === undefined ? undefined : whole('rounds', values.rounds),
    seconds: values.seconds === undefined ? undefined : whole('seconds', values.seconds),
    requests: whole('requests', values.requests ?? '200000'),
    workers: whole('workers', values.workers ?? '2'),
    seed: whole('seed', values.seed ?? '1'),
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

function whole(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new Error(`--${name}: '${value}' is not a whole number from 1 on`);
}
