// The results as JSON, with every single sample, for further calculations.
import type { Report } from './report.ts';

export function toJson({ surroundings, contenders, measures }: Report): string {
  const plain = {
    surroundings,
    contenders: contenders.map(({ id, title }) => ({ id, title })),
    measures: measures.map(({ measured: { measure, outcome }, rows }) => ({
      name: measure.name,
      outcome: outcome.is === 'measured' ? { is: outcome.is } : outcome,
      rows: rows.map(({ cells, ...row }) => ({ ...row, cells: Object.fromEntries(cells) })),
      samples: outcome.is === 'measured' ? Object.fromEntries(outcome.samples) : {},
    })),
  };
  return `${JSON.stringify(plain, null, 2)}\n`;
}
