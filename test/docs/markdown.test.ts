// The parts of a page are found as readers and GitHub see them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { kindOf } from './kinds.ts';
import { anchors, attribute, codes, links, parsePage, rows } from './markdown.ts';

const PAGE = parsePage(
  'docs/page.md',
  [
    '# A page: `code()` and more',
    '',
    'See [there](other.md#part), ![a picture](a.svg), `[no](link)` in a block:',
    '',
    '````md words=two more',
    '```js file=inner.js',
    '[no](link.md)',
    '```',
    '````',
    '',
    '## Lists',
    '',
    '| `name` | meaning |',
    '| ------ | ------- |',
    '| `a \\| b` | two |',
    '| `c`, `d` | [three](#lists-1) |',
    '',
    '## Lists',
    '',
    '| other |',
    '| ----- |',
    '| `e`   |',
  ].join('\n'),
);

suite('markdown', () => {
  test('blocks: language, words, text and line; a fence within a longer fence is text', () => {
    assert.equal(PAGE.blocks.length, 1);
    const [block] = PAGE.blocks;
    assert.ok(block);
    assert.deepEqual([block.line, block.language, block.words], [5, 'md', ['words=two', 'more']]);
    assert.equal(block.text, '```js file=inner.js\n[no](link.md)\n```');
    assert.equal(attribute(block, 'words'), 'two');
    assert.equal(attribute(block, 'more'), undefined);
  });

  test('a block that is not closed is an error', () => {
    assert.throws(() => parsePage('a.md', 'text\n```js\ncode'), /a\.md:2/);
  });

  test('anchors are those of GitHub, and count up', () => {
    assert.deepEqual(anchors(PAGE), ['a-page-code-and-more', 'lists', 'lists-1']);
  });

  test('links are found in prose, not in blocks', () => {
    assert.deepEqual(
      links(PAGE).filter((link) => link !== 'link'),
      ['other.md#part', 'a.svg', '#lists-1'],
    );
  });

  test('rows are those under the first heading of that name, without their heads', () => {
    assert.deepEqual(rows(PAGE, 'Lists'), [
      ['`a \\| b`', 'two'],
      ['`c`, `d`', '[three](#lists-1)'],
    ]);
    assert.throws(() => rows(PAGE, 'Nothing'), /no heading/);
    assert.deepEqual(codes('`c`, `d`'), ['c', 'd']);
  });

  test('a block of no kind is noticed', () => {
    const kind = (info: string): unknown => {
      const [block] = parsePage('docs/page.md', `\`\`\`${info}\n\`\`\``).blocks;
      assert.ok(block);
      return kindOf(block);
    };
    for (const info of ['', 'js', 'sh', 'sh run', 'json log', 'text output', 'yaml file=a.yml', 'ini'])
      assert.equal(kind(info), undefined, info);
    for (const info of ['js file=a.js', 'sh check', 'json log=crashed', 'ini system=systemd'])
      assert.notEqual(kind(info), undefined, info);
  });
});
