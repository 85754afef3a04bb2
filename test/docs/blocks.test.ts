// Every code block of every page is of a kind that a test runs, compares or checks.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PAGES, place, readPage } from './markdown.ts';
import { kindOf } from './kinds.ts';

suite('blocks', () => {
  for (const name of PAGES) {
    test(`${name}: every code block is of a known kind`, () => {
      const unknown = readPage(name).blocks.filter((block) => kindOf(block) === undefined);
      assert.deepEqual(
        unknown.map((block) => `${place(block)} ${[block.language, ...block.words].join(' ')}`),
        [],
      );
    });
  }
});
