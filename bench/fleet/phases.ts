// What a fleet goes through in the measure `fleet`, and the CPU time that its decisions take.
import process from 'node:process';
import { Shell } from './shell.ts';
import type { Decisions } from './shell.ts';

export const PHASES = ['boot', 'idleSecond', 'crash', 'rollout'] as const;
export type Phase = (typeof PHASES)[number];

export const SIZES = [2, 16, 64, 256, 1_024] as const;

/** A phase that takes longer is cut off there, and not tried with more workers: `Infinity` is its figure then. */
export const MOST_MS = 10_000;

/** How often each is measured, on one fleet. */
const TIMES: Readonly<Record<Phase, number>> = { boot: 1, idleSecond: 30, crash: 50, rollout: 1 };

/** It begins; the answer tells when it is over. */
const BEGIN: Readonly<Record<Phase, (shell: Shell) => () => boolean>> = {
  boot: (shell) => {
    shell.start();
    return () => shell.told('fleet-ready');
  },
  /** A sign of life of every worker, and two looks. */
  idleSecond: (shell) => {
    const until = shell.now + 1_000;
    return () => shell.now >= until;
  },
  /** From the exit of a worker until its successor is ready. */
  crash: (shell) => {
    shell.crash();
    return () => shell.told('fleet-ready');
  },
  rollout: (shell) => {
    shell.restart();
    return () => shell.told('rollout-completed');
  },
};

/** In milliseconds of CPU time for each time, by {@link keyOf}. */
export function measurePhases(
  decisions: Decisions,
  sizes: readonly number[] = SIZES,
): Readonly<Record<string, number>> {
  // Compiled before it is measured.
  for (let time = 0; time < 10; time += 1) new Course(decisions).run(16);
  const course = new Course(decisions);
  const entries = sizes.flatMap((size) => {
    const figures = course.run(size);
    return PHASES.map((phase) => [keyOf(phase, size), figures.get(phase) ?? 0] as const);
  });
  return Object.fromEntries(entries);
}

export function keyOf(phase: Phase, size: number): string {
  return `${phase}${size}`;
}

/** Size after size, growing. */
class Course {
  readonly #decisions: Decisions;
  readonly #cutOff = new Set<Phase>();

  constructor(decisions: Decisions) {
    this.#decisions = decisions;
  }

  run(size: number): ReadonlyMap<Phase, number> {
    const shell = new Shell(this.#decisions, size);
    const figures = new Map<Phase, number>();
    for (const phase of PHASES) {
      // Nothing can be seen of a fleet that does not even boot.
      const isOut = this.#cutOff.has('boot') || this.#cutOff.has(phase);
      figures.set(phase, isOut ? Infinity : this.#measure(phase, shell));
    }
    return figures;
  }

  #measure(phase: Phase, shell: Shell): number {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    let figure = Infinity;
    for (let time = 1; time <= TIMES[phase]; time += 1) {
      const isOver = BEGIN[phase](shell);
      while (!isOver()) {
        if (performance.now() - startedAt > MOST_MS) {
          this.#cutOff.add(phase);
          return figure;
        }
        shell.next();
      }
      const { user, system } = process.cpuUsage(before);
      figure = (user + system) / 1_000 / time;
    }
    return figure;
  }
}
