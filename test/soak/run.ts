// One soak from its start to its end. It gathers the facts; verdict.ts judges them.
import type { FleetStatus } from 'fastify-clustered';
import type { LoadReport } from '../helpers/load-report.ts';
import { attribute, closedWithin } from './attribution.ts';
import type { Finding, Gap } from './attribution.ts';
import { exitsOf } from './exits.ts';
import type { Exit } from './exits.ts';
import { startMix } from './load.ts';
import type { Mix } from './load.ts';
import { readRecords } from './records.ts';
import type { Term } from './records.ts';
import { outcomesOf, unready, unreadyMs, wronglyCompleted } from './rollouts.ts';
import type { Audit } from './life.ts';
import { slopeOf } from './slope.ts';
import type { Slope } from './slope.ts';
import type { Stage } from './stage.ts';
import { Stream, rest } from './stream.ts';

export interface Result {
  readonly troubles: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
  readonly rollouts: ReadonlyMap<string, number>;
  /** Broken releases whose rollout completed. */
  readonly wronglyCompleted: readonly string[];
  readonly loads: ReadonlyMap<string, LoadReport>;
  readonly findings: readonly Finding[];
  readonly exits: readonly Exit[];
  readonly gaps: readonly Gap[];
  /** Starts that had to wait for a port which workers of a killed primary still held. */
  readonly waitsForPort: number;
  readonly terms: readonly Term[];
  /** Log lines which say that a release was needed after it had been deleted. */
  readonly missed: readonly string[];
  /** The longest time without any ready worker while there was a primary. */
  readonly longestUnreadyMs: number;
  readonly lives: readonly LifeReport[];
  /** Of the primary's heap. */
  readonly slope: Slope;
  /** At rest, at the end; null: the service did not come to rest. */
  readonly status: FleetStatus | null;
  readonly exitCode: number | null;
  /** Processes of the service that outlived its primary. */
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

/** The soak deletes only releases that are not needed, so none of these may be logged. */
const MISSED = ['release gone, resolved again', 'rollout not started', 'fork failed'] as const;

export async function run(seed: number, minutes: number, stage: Stage, watcher: Watcher): Promise<Result> {
  await stage.open();
  const mix = startMix(stage, seed);
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
    leftovers: stage.lives.flatMap(({ service }) => service.leftovers()),
    story: stage.life.service.story(),
    ...investigate(stage, mix),
  };
}

/** Waits until nothing is under way, and checks that every kind of client is still served. */
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
  | 'waitsForPort'
  | 'terms'
  | 'findings'
  | 'exits'
  | 'gaps'
  | 'longestUnreadyMs'
  | 'lives'
  | 'slope'
>;

function investigate(stage: Stage, { losses, furtherLosses }: Mix): Investigated {
  const { lives, signals } = stage;
  const ports = new Set(losses.flatMap(({ localPort }) => localPort ?? []));
  const { accepts, furtherAccepts, ownExits, terms } = readRecords(stage.records, ports);
  const gaps = gapsOf(stage);
  const exits = lives.flatMap(({ service, startedAt, killedAt }) => {
    const over = killedAt ?? Date.now();
    const isWithin = ({ at }: { readonly at: number }): boolean => at >= startedAt && at <= over;
    return exitsOf({
      log: service.log,
      signals: signals.filter(isWithin),
      ownExits: ownExits.filter(isWithin),
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
    waitsForPort: lives.filter(({ service }) => service.lines('port in use, waiting').length > 0).length,
    terms,
    findings: [
      ...attribute({ losses: losses.filter((loss) => !furtherLosses.has(loss)), accepts, exits, gaps }),
      ...attribute({
        losses: [...furtherLosses],
        accepts: furtherAccepts,
        exits,
        gaps: [
          ...gaps,
          ...lives.flatMap(({ service, killedAt }) =>
            unready(service.log, killedAt).map((gap) => closedWithin(gap, exits)),
          ),
        ],
      }).map(ofFurtherServer),
    ],
    exits,
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

/** Two servers have the same paths. */
function ofFurtherServer({ loss, ...finding }: Finding): Finding {
  return { ...finding, loss: { ...loss, request: `${loss.request} of the further server` } };
}

/** From each kill of a primary until the first worker of the next one was ready. */
function gapsOf({ lives }: Stage): readonly Gap[] {
  return lives.slice(1).flatMap(({ service }, index) => {
    const from = lives[index]?.killedAt;
    const [ready] = service.lines('worker ready');
    return from === undefined || ready === undefined ? [] : [{ from, until: Number(ready['time']) }];
  });
}
