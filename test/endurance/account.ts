// Adds up what was sent and lost, mode by mode, and prints it as a table.
import type { Fate, LoadReport } from '../helpers/load-client.ts';

const LOST = ['refused', 'reset', 'cut', 'hung', 'serverError', 'wrongAnswer'] as const satisfies Fate[];

type Sums = Readonly<Record<(typeof LOST)[number] | 'rollouts' | 'sent' | 'lost', number>>;

const NONE: Sums = {
  rollouts: 0,
  sent: 0,
  lost: 0,
  refused: 0,
  reset: 0,
  cut: 0,
  hung: 0,
  serverError: 0,
  wrongAnswer: 0,
};

export class Account {
  readonly #modes = new Map<string, Sums>();

  /** One rollout, and what was sent before, during and after it. */
  add(mode: string, report: LoadReport): void {
    const sums = this.#modes.get(mode) ?? NONE;
    const added = { ...sums, rollouts: sums.rollouts + 1 };
    for (const count of ['sent', 'lost', ...LOST] as const) added[count] += report[count];
    this.#modes.set(mode, added);
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
    const rows = [...this.#modes].map(([mode, sums]) => [
      mode,
      ...(['rollouts', 'sent', 'lost', ...LOST] as const).map((count) => sums[count]),
    ]);
    return table(['rollout, load', 'rollouts', 'requests', 'lost', ...LOST], rows);
  }
}

/** In Markdown. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)),
  );
  return [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...lines]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}
