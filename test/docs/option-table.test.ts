// The tool that makes the table of options: what it reads, and what it refuses.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { optionsOf, replaceTable, tableIn } from '../../build/option-table.ts';
import { readInterfaces } from '../../build/tsdoc.ts';

async function optionsIn(source: string): Promise<ReturnType<typeof optionsOf>> {
  return optionsOf('Options', '', await readInterfaces(source));
}

suite('option table', () => {
  test('inherited, nested and optional groups are followed; only the first paragraph is the meaning', async () => {
    const options = await optionsIn(`
      interface Inherited {
        /**
         * How
         *   many.
         *
         * More of it.
         * @default Math.max(1,
         *   2)
         * @throws SOMETHING
         */
        size?: number | 'auto';
      }
      /** Not of the property. */
      export interface Options extends Inherited {
        /** A group. */
        group?: { ignored: string } | Group | false;
      }
      interface Group {
        /**
         * Off or a time.
         * @default false
         */
        timeMs?: number | false;
        call(): void;
      }
    `);
    assert.deepEqual(options, [
      { name: 'size', fallback: 'Math.max(1, 2)', meaning: 'How many.' },
      { name: 'group.timeMs', fallback: 'false', meaning: 'Off or a time.' },
    ]);
  });

  test('an option without @default, or without TSDoc, is an error that names it', async () => {
    await assert.rejects(optionsIn('export interface Options { /** Text. */ size?: number }'), {
      message: 'size has no @default',
    });
    for (const comment of ['', '// No TSDoc.\n', '/* No TSDoc. */', '/** @default 1 */']) {
      await assert.rejects(
        optionsIn(`interface Group { ${comment} size?: number }
        export interface Options { /** A group. */ group?: Group }`),
        { message: 'group.size has no TSDoc' },
      );
    }
  });

  test('the table is replaced, and the page around it stays', () => {
    const page = 'Before\n\n<!-- options: begin -->\nold\n<!-- options: end -->\n\nAfter\n';
    const replaced = replaceTable(page, '| new |');
    assert.equal(tableIn(replaced), '| new |');
    assert.equal(replaced, page.replace('\nold\n', '\n\n| new |\n\n'));
    assert.equal(replaceTable(replaced, '| new |'), replaced);
  });

  test('a page without the markers, or with the end first, is an error', () => {
    for (const page of ['', '<!-- options: begin -->', '<!-- options: end --><!-- options: begin -->']) {
      assert.throws(() => tableIn(page), /options: begin/);
    }
  });
});
