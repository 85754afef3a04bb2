// Measures the contenders in turn, round by round, so that other work of the machine affects all of them.
import process from 'node:process';
import type { Contender, ContenderId } from './contenders.ts';
import type { Measure, Sample } from './measures/measure.ts';
import type { Options } from './options.ts';
import { rotated } from './rotation.ts';
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
      const order = rotated(contenders, round);
      const sampled = await sampleRound(measure, order, options);
      order.forEach(({ id, title }, index) => {
        const sample = sampled[index];
        if (sample === undefined) throw new Error(`${title} has no sample`);
        samples.get(id)?.push(sample);
        tell(`${measure.name} ${round + 1}/${rounds} ${title}: ${inWords(sample)}`);
      });
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

/** Every round starts new processes, so that the luck of one of them does not last for the whole bench. */
async function sampleRound(
  measure: Measure,
  contenders: readonly Contender[],
  options: Options,
): Promise<readonly Sample[]> {
  switch (measure.runs) {
    case 'alone': {
      const samples: Sample[] = [];
      for (const contender of contenders) {
        const running = await Running.start(contender, options.workers);
        try {
          samples.push(await measure.sample(running, options));
        } finally {
          await running.stop();
        }
      }
      return samples;
    }
    case 'on its own': {
      const samples: Sample[] = [];
      for (const contender of contenders) samples.push(await measure.sample(contender, options));
      return samples;
    }
    case 'together': {
      const all: Running[] = [];
      try {
        for (const contender of contenders) all.push(await Running.start(contender, options.workers));
        return await measure.sample(all, options);
      } finally {
        await Promise.all(all.map((running) => running.stop()));
      }
    }
  }
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
