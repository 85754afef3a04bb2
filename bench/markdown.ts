// The results as one table in Markdown.
import type { Contender, ContenderId } from './contenders.ts';
import { FEWEST_ROUNDS } from './results.ts';
import type { Report } from './report.ts';
import type { Against, Cell, RowResult, Verdict } from './results.ts';

export function toMarkdown({ surroundings, contenders, measures }: Report): string {
  const shown = contenders.filter(({ id }) =>
    measures.some(({ rows }) => rows.some(({ cells }) => cells.has(id))),
  );
  const titles = new Map(contenders.map(({ id, title }) => [id, title]));
  const header = ['', ...shown.map(({ title }) => title), 'ours against it (95 %)', 'target'];
  const rows = measures.flatMap(({ rows }) => rows.map((row) => line(row, shown, titles)));
  const notes = measures.flatMap(({ measured: { measure, outcome } }) =>
    outcome.is === 'measured' ? [] : [`- ${measure.name}: ${outcome.is}: ${outcome.why}`],
  );
  const { date, minutes, command, node, kernel, cpu, cores, loadAverage } = surroundings;
  const rounds = measures.flatMap(({ measured: { measure, outcome } }) =>
    outcome.is === 'measured' ? [`${measure.name} ${outcome.samples.get('ours')?.length ?? 0}`] : [],
  );
  return [
    `\`${command}\`, ${date.slice(0, 16).replace('T', ' ')} UTC, Node ${node}, ${kernel}, ${cores} cores (${cpu}), ` +
      `load average ${loadAverage.toFixed(2)} before, took ${minutes.toFixed(1)} minutes.`,
    '',
    `Medians; counts are sums. Rounds: ${rounds.join(', ') || 'none'}.`,
    '',
    ...(rows.length === 0 ? [] : [cellsOf(header), cellsOf(header.map(() => '---')), ...rows, '']),
    ...(notes.length === 0 ? [] : [...notes, '']),
  ].join('\n');
}

function line(
  { title, digits, cells, against, verdicts }: RowResult,
  shown: readonly Contender[],
  titles: ReadonlyMap<ContenderId, string>,
): string {
  const values = shown.map(({ id }) => valueInWords(cells.get(id), digits));
  const comparison = against === null ? '' : comparisonInWords(against, digits, titles);
  return cellsOf([
    title,
    ...values,
    comparison,
    verdicts.map((verdict) => verdictInWords(verdict)).join('; '),
  ]);
}

function valueInWords(cell: Cell | undefined, digits: number): string {
  if (cell === undefined) return '';
  const { value, outOf } = cell;
  return outOf === null ? figure(value, digits) : `${figure(value, 0)} of ${figure(outOf, 0)}`;
}

function comparisonInWords(
  { of, baseline, rounds, interval: { estimate, lower, upper } }: Against,
  digits: number,
  titles: ReadonlyMap<ContenderId, string>,
): string {
  const [sign, places] = of === 'ratio' ? ['×', 3] : ['above', digits];
  const range = `${figure(lower, places)} to ${figure(upper, places)}`;
  const name = titles.get(baseline) ?? baseline;
  return `${figure(estimate, places)} ${sign} ${name} (${rounds < FEWEST_ROUNDS ? 'too few rounds' : range})`;
}

function verdictInWords({ what, bound, value, is }: Verdict): string {
  const name = what === 'aim' ? 'aim ' : '';
  switch (is) {
    case 'met':
    case 'missed':
      return `${name}${bound} ${value}: ${is}`;
    case 'open':
      return `${name}${bound} ${value}: open, more rounds are needed`;
  }
}

function figure(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function cellsOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
