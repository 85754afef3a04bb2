// The code of every page compiles against the built package, as strictly as a new project would have it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PAGES, attribute, place, readPage } from './markdown.ts';
import type { Block } from './markdown.ts';
import { createProject, typeCheck, write } from './project.ts';

const OPTIONS = {
  target: 'es2023',
  module: 'nodenext',
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
};

const BLOCKS = PAGES.flatMap((name) => readPage(name).blocks);

suite('code', () => {
  test('TypeScript blocks are strict', (t) => {
    const folder = createProject(t);
    assert.ok(writeAll(folder, 'ts') > 0);
    typeCheck(folder, { compilerOptions: OPTIONS, include: ['pages/**/*.ts'] });
  });

  test('JavaScript blocks use the package as it is typed', (t) => {
    const folder = createProject(t);
    assert.ok(writeAll(folder, 'js') > 0);
    typeCheck(folder, {
      // Parameters have no types in JavaScript.
      compilerOptions: { ...OPTIONS, allowJs: true, checkJs: true, noImplicitAny: false },
      include: ['pages/**/*.js', 'pages/**/*.cjs'],
    });
  });

  test('JSON blocks of files can be parsed', () => {
    for (const block of BLOCKS) {
      if (block.language !== 'json' || attribute(block, 'file') === undefined) continue;
      assert.doesNotThrow(() => JSON.parse(block.text), place(block));
    }
  });
});

/** Each page in a folder of its own. A file that a page changes is compiled before and after. Returns how many blocks there are. */
function writeAll(folder: string, language: string): number {
  const blocks = BLOCKS.filter((block) => block.language === language);
  const files = new Map<string, string>();
  for (const block of blocks) {
    const file = fileOf(block);
    if (files.has(file)) writeVersion(folder, `${block.line}`, block.page, files);
    files.set(file, block.text);
  }
  for (const page of PAGES) writeVersion(folder, 'last', page, files);
  return blocks.length;
}

function writeVersion(
  folder: string,
  version: string,
  page: string,
  files: ReadonlyMap<string, string>,
): void {
  for (const [file, text] of files) {
    if (file.startsWith(`${page}/`)) write(folder, `pages/${version}/${file}`, text);
  }
}

function fileOf(block: Block): string {
  return `${block.page}/${attribute(block, 'file') ?? assert.fail(`${place(block)} names no file`)}`;
}
