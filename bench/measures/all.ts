// The measures, in the order in which they are made.
import { cpu } from './cpu.ts';
import type { Measure } from './measure.ts';

export const measures: readonly Measure[] = [cpu];
