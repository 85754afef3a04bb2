// Tables of figures, in Markdown and aligned.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { alignedTable, markdownTable } from './tables.ts';

const HEAD = ['load', 'sent'];
const ROWS = [
  ['fresh', 12_345],
  ['kept alive', '-'],
];

suite('tables', () => {
  test('in Markdown, figures have separators and are aligned to the right', () => {
    assert.deepEqual(markdownTable(HEAD, ROWS).split('\n'), [
      '| load | sent |',
      '| --- | ---: |',
      '| fresh | 12,345 |',
      '| kept alive | - |',
    ]);
  });

  test('for a terminal, every column is as wide as its widest cell', () => {
    assert.deepEqual(alignedTable(HEAD, ROWS), [
      'load          sent',
      'fresh       12,345',
      'kept alive       -',
    ]);
    assert.deepEqual(alignedTable(HEAD, []), ['load  sent']);
  });
});
