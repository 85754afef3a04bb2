// Runs many histories, each watched by the checker. One that fails is shrunk, and printed as a story.
import * as fc from 'fast-check';
import { Breach, Checker } from './checker.ts';
import { Coverage } from './coverage.ts';
import { histories } from './histories.ts';
import type { History } from './history.ts';
import { Story } from './story.ts';
import { tell } from './telling.ts';
import { World } from './world.ts';

export interface Settings {
  readonly runs: number;
  readonly seed: number;
  /** fast-check's path to one counterexample. */
  readonly path?: string | undefined;
}

export interface Findings {
  readonly coverage: Coverage;
  /** Null: everything held. */
  readonly failure: string | null;
}

export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

export function simulate({ runs, seed, path }: Settings): Findings {
  const coverage = new Coverage();
  const property = fc.property(histories, (history) => {
    const world = new World(history);
    tell(history, world, [new Checker(world), coverage]);
  });
  const result = fc.check(property, { numRuns: runs, seed, ...(path === undefined ? {} : { path }) });
  if (!result.failed) return { coverage, failure: null };
  const { counterexample, counterexamplePath, numRuns, numShrinks } = result;
  const failure = [
    `History ${numRuns} of ${runs} failed (shrunk ${numShrinks} times):`,
    ...(counterexample === null ? ['no counterexample'] : retell(counterexample[0])),
    `To run it again: npm run simulate -- --seed ${seed} --path "${counterexamplePath}"`,
  ].join('\n\n');
  return { coverage, failure };
}

function retell(history: History): readonly string[] {
  const world = new World(history);
  const story = new Story(world, history);
  try {
    // The story comes first, so that it has the step in which the checker finds a breach.
    tell(history, world, [story, new Checker(world)]);
    return [
      story.lines.join('\n'),
      'This time everything held: the outcome depends on more than the history.',
    ];
  } catch (error) {
    const name = error instanceof Breach ? 'BROKEN INVARIANT: ' : 'ERROR: ';
    const words =
      error instanceof Breach ? error.message : error instanceof Error ? error.stack : String(error);
    return [story.lines.join('\n'), name + words];
  }
}
