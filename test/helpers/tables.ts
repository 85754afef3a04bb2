// Tables of figures: in Markdown, and aligned for a terminal.

export type Cell = string | number;

export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows.map((row) => row.map(asText))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

/** A line per row. The first column is aligned to the left, the others to the right. */
export function alignedTable(head: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[] {
  const all = [head, ...rows.map((row) => row.map(asText))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function asText(cell: Cell): string {
  return typeof cell === 'number' ? cell.toLocaleString('en') : cell;
}
