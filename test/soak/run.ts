// One soak from its start to its end. Judges nothing: it gathers what there is to be judged.
import type { FleetStatus } from 'fastify-clustered';
import type { LoadReport } from '../helpers/load-client.ts';
import { attribute } from './attribution.ts';
import type { Finding, Gap } from './attribution.ts';
import { deaths } from './deaths.ts';
import type { Death } from './deaths.ts';
import { startMix } from './load.ts';
import type { Mix } from './load.ts';
import { readRecords } from './records.ts';
import { outcomesOf, unreadyMs, wronglyCompleted } from './rollouts.ts';
import type { Audit } from './life.ts';
import { slopeOf } from './slope.ts';
import type { Slope } from './slope.ts';
import type { Stage } from './stage.ts';
import { Stream, rest } from './stream.ts';

export interface Result {
  readonly troubles: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
  readonly rollouts: ReadonlyMap<string, number>;
  /** Broken releases whose rollout was completed. */
  readonly wronglyCompleted: readonly string[];
  readonly loads: ReadonlyMap<string, LoadReport>;
  readonly findings: readonly Finding[];
  readonly deaths: readonly Death[];
  readonly gaps: readonly Gap[];
  readonly startsTooEarly: number;
  /** Lines that tell that a release which was needed was not there any more. */
  readonly missed: readonly string[];
  /** The longest time without any ready worker while there was a primary. */
  readonly longestUnreadyMs: number;
  readonly lives: readonly LifeReport[];
  /** Of the primary's heap. */
  readonly slope: Slope;
  /** At rest, at the end; null: it did not come to rest. */
  readonly status: FleetStatus | null;
  readonly exitCode: number | null;
  /** Pids of the service that are there although it has ended. */
  readonly leftovers: readonly number[];
  readonly story: string;
}

export interface LifeReport {
  readonly number: number;
  readonly audits: readonly Audit[];
  readonly heapKb: readonly number[];
}

export interface Watcher {
  /** From time to time. */
  progress(stage: Stage, stream: Stream, mix: Mix): void;
}

const PROGRESS_MS = 15_000;

/** All releases that are pruned are needed no more. */
const MISSED = ['release gone, resolved again', 'rollout not started', 'fork failed'];

export async function run(seed: number, minutes: number, stage: Stage, watcher: Watcher): Promise<Result> {
  await stage.open();
  const mix = startMix(stage.port, seed);
  const stream = new Stream(stage);
  const progress = setInterval(() => watcher.progress(stage, stream, mix), PROGRESS_MS);
  const faults: string[] = [];
  let status: FleetStatus | null = null;
  try {
    await mix.answered(20);
    await stream.run(seed, Date.now() + minutes * 60_000);
    status = await settle(stage, mix);
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  clearInterval(progress);
  const loads = await mix.stop();
  const exitCode = await stage.life.stop();
  return {
    troubles: stream.counts,
    faults: [...stream.faults, ...faults],
    loads,
    status,
    exitCode,
    startsTooEarly: stage.startsTooEarly,
    leftovers: stage.lives.flatMap(({ service }) => service.leftovers()),
    story: stage.life.service.story(),
    ...investigate(stage, mix),
  };
}

/** Nothing is under way any more, and every kind of client is still served. */
async function settle(stage: Stage, mix: Mix): Promise<FleetStatus> {
  await rest(stage);
  await mix.answered(20);
  return stage.life.settled();
}

type Investigated = Pick<
  Result,
  | 'rollouts'
  | 'wronglyCompleted'
  | 'missed'
  | 'findings'
  | 'deaths'
  | 'gaps'
  | 'longestUnreadyMs'
  | 'lives'
  | 'slope'
>;

function investigate(stage: Stage, { losses }: Mix): Investigated {
  const { lives, acts } = stage;
  const ports = new Set(losses.flatMap(({ localPort }) => localPort ?? []));
  const { accepts, endings } = readRecords(stage.records, ports);
  const gaps = gapsOf(stage);
  const died = lives.flatMap(({ service, startedAt, killedAt }) => {
    const over = killedAt ?? Date.now();
    const isWithin = ({ at }: { readonly at: number }): boolean => at >= startedAt && at <= over;
    return deaths({
      log: service.log,
      acts: acts.filter(isWithin),
      endings: endings.filter(isWithin),
      over,
      hangs: (entry) => stage.behaviourOf(entry) === 'hangs',
    });
  });
  return {
    rollouts: outcomesOf(lives.map(({ service }) => service.log)),
    wronglyCompleted: lives.flatMap(({ service }) =>
      wronglyCompleted(service.log, (entry) => stage.behaviourOf(entry) === 'works'),
    ),
    missed: lives.flatMap(({ service }) =>
      MISSED.flatMap((message) => service.lines(message).map((line) => JSON.stringify(line))),
    ),
    findings: attribute({ losses, accepts, deaths: died, gaps }),
    deaths: died,
    gaps,
    longestUnreadyMs: Math.max(0, ...lives.map(({ service }) => unreadyMs(service.log))),
    lives: lives.map(({ number, audits, samples }) => ({
      number,
      audits,
      heapKb: samples.map(({ heapBytes }) => Math.round(heapBytes / 1024)),
    })),
    slope: slopeOf(lives.map(({ samples }) => samples)),
  };
}

/** From each kill of a primary until the first worker of the next one was ready. */
function gapsOf({ lives }: Stage): readonly Gap[] {
  return lives.slice(1).flatMap(({ service }, index) => {
    const from = lives[index]?.killedAt;
    const [ready] = service.lines('worker ready');
    return from === undefined || ready === undefined ? [] : [{ from, until: Number(ready['time']) }];
  });
}
