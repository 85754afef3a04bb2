// What the pages show of deploy/ is in there: deploy.test.ts and test/system check those files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from '../helpers/installed.ts';
import { PAGES, attribute, place, readPage } from './markdown.ts';
import type { Block } from './markdown.ts';

const BLOCKS = PAGES.flatMap((name) => readPage(name).blocks);

function blocksOf(system: string): readonly Block[] {
  const blocks = BLOCKS.filter((block) => attribute(block, 'system') === system);
  assert.ok(blocks.length > 0);
  return blocks;
}

suite('system', () => {
  for (const [system, file] of [
    ['systemd', 'hello.service'],
    ['socket', 'hello.socket'],
  ] as const) {
    test(`${file} on the pages is that of deploy/systemd, without its comments`, () => {
      const unit = fs.readFileSync(path.join(ROOT, 'deploy/systemd', file), 'utf8');
      const lines = unit.split('\n').filter((line) => !line.startsWith('#'));
      for (const block of blocksOf(system).filter(({ language }) => language === 'ini'))
        assert.equal(block.text.trim(), lines.join('\n').trim(), place(block));
    });
  }

  test('what the pages show of a file in deploy/ is in that file', () => {
    let shown = 0;
    for (const block of BLOCKS) {
      const name = attribute(block, 'deploy');
      if (name === undefined) continue;
      const file = fs.readFileSync(path.join(ROOT, 'deploy', name), 'utf8');
      assert.ok(isIn(file, block.text), `${place(block)} is not in deploy/${name}`);
      shown += 1;
    }
    assert.ok(shown > 0);
  });
});

/** A page may show the part with less indentation than it has in the file. */
function isIn(file: string, part: string): boolean {
  return [0, 2, 4, 6, 8, 10].some((indent) =>
    file.replaceAll(new RegExp(`^ {${indent}}`, 'gm'), '').includes(part),
  );
}
