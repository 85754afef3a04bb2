// Measures the contenders in turn, round by round, so that whatever the machine does besides meets all of them.
import process from 'node:process';
import type { Contender, ContenderId } from './contenders.ts';
import type { Measure, Sample } from './measures/measure.ts';
import type { Options } from './options.ts';
import { Running } from './running.ts';
import { missing } from './tools.ts';

export interface Measured {
  readonly measure: Measure;
  readonly contenders: readonly Contender[];
  readonly outcome: Outcome;
}

export type Outcome =
  /** A sample a round, in the order of the rounds. */
  | { readonly is: 'measured'; readonly samples: ReadonlyMap<ContenderId, readonly Sample[]> }
  | { readonly is: 'not measured'; readonly why: string }
  | { readonly is: 'failed'; readonly why: string };

/** Never rejects: a measure that fails does not take the others' results with it. */
export async function measureInRounds(
  measure: Measure,
  all: readonly Contender[],
  options: Options,
): Promise<Measured> {
  const contenders = all.filter(({ id }) => measure.contenders.includes(id));
  const why = measure.needs === null ? undefined : missing(measure.needs);
  if (why !== undefined) return { measure, contenders, outcome: { is: 'not measured', why } };
  const samples = new Map<ContenderId, Sample[]>(contenders.map(({ id }) => [id, []]));
  const rounds = options.rounds ?? measure.rounds;
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of rotated(contenders, round)) {
        const sample = await sampleOnce(measure, contender, options);
        samples.get(contender.id)?.push(sample);
        tell(`${measure.name} ${round + 1}/${rounds} ${contender.title}: ${inWords(sample)}`);
      }
    }
    return { measure, contenders, outcome: { is: 'measured', samples } };
  } catch (error) {
    tell(`${measure.name} failed: ${String(error)}`);
    return {
      measure,
      contenders,
      outcome: { is: 'failed', why: String(error).split('\n').slice(0, 2).join(' ') },
    };
  }
}

/** A process that is new for every run: what one of them was lucky with does not last for the whole bench. */
async function sampleOnce(measure: Measure, contender: Contender, options: Options): Promise<Sample> {
  const running = await Running.start(contender, options.workers);
  try {
    return await measure.sample(running, options);
  } finally {
    await running.stop();
  }
}

/** Nobody is always the first, or always behind the same one. */
function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const turned = by % list.length;
  const order = [...list.slice(turned), ...list.slice(0, turned)];
  return Math.floor(by / list.length) % 2 === 0 ? order : order.toReversed();
}

/** On stderr: stdout is for the table. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function inWords(sample: Sample): string {
  return Object.entries(sample)
    .map(([key, value]) => `${key} ${Number(value.toFixed(2))}`)
    .join(', ');
}
