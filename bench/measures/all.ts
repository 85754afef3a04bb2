// The measures, in the order in which they are made.
import { cpu } from './cpu.ts';
import { evenness } from './evenness.ts';
import { fleet } from './fleet.ts';
import { large } from './large.ts';
import { killAll } from './kill-all.ts';
import type { Measure } from './measure.ts';
import { memory } from './memory.ts';
import { rollout } from './rollout.ts';
import { fresh, keptAlive } from './throughput.ts';
import { tutorial } from './tutorial.ts';

export const measures: readonly Measure[] = [
  fresh,
  keptAlive,
  cpu,
  rollout,
  killAll,
  tutorial,
  memory,
  fleet,
  large,
  evenness,
];
