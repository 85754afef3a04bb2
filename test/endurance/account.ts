// Adds up what was sent and lost, mode by mode, and prints it as a table.
import { LOSSES } from '../helpers/load-report.ts';
import { markdownTable } from '../helpers/tables.ts';
import type { Counts } from './protocols.ts';

const COUNTED = ['sent', 'lost', ...LOSSES, 'unprocessed', 'repeated'] as const;

type Sums = Readonly<Record<(typeof COUNTED)[number] | 'rollouts', number>>;

export class Account {
  readonly #modes = new Map<string, Sums>();

  /** One rollout, and what was sent before, during and after it. */
  add(mode: string, report: Counts): void {
    const before = this.#modes.get(mode);
    const sums = COUNTED.map((count) => [count, (before?.[count] ?? 0) + report[count]] as const);
    this.#modes.set(mode, {
      ...(Object.fromEntries(sums) as Record<(typeof COUNTED)[number], number>),
      rollouts: (before?.rollouts ?? 0) + 1,
    });
  }

  total(count: 'rollouts' | 'sent'): number {
    return [...this.#modes.values()].reduce((sum, mode) => sum + mode[count], 0);
  }

  /** How many modes lost nothing, and how many lost something. */
  get verdict(): { readonly passed: number; readonly failed: number } {
    const failed = [...this.#modes.values()].filter(({ lost }) => lost > 0).length;
    return { passed: this.#modes.size - failed, failed };
  }

  get table(): string {
    return markdownTable(
      ['rollout, load', 'rollouts', 'requests', 'lost', ...LOSSES, 'unprocessed', 'repeated'],
      [...this.#modes].map(([mode, sums]) => [mode, sums.rollouts, ...COUNTED.map((count) => sums[count])]),
    );
  }
}
