// The content of the report, in whatever form it is printed.
import type { Contender } from './contenders.ts';
import type { Surroundings } from './machine.ts';
import type { RowResult } from './results.ts';
import type { Measured } from './rounds.ts';

export interface Report {
  readonly surroundings: Surroundings & { readonly minutes: number };
  readonly contenders: readonly Contender[];
  readonly measures: readonly { readonly measured: Measured; readonly rows: readonly RowResult[] }[];
}
