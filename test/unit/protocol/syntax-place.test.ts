// A module that cannot be parsed: the place is found although the SyntaxError does not name it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../helpers/installed.ts';

const TELL = `
const { toErrorInfo } = await import('${pathToFileURL(path.join(ROOT, 'dist/protocol/error-info.js')).href}');
const tell = (error) => console.log(toErrorInfo(error).stack);
`;

/** What the stack of the error is that this entry file tells. */
function stackIn(t: TestContext, files: Readonly<Record<string, string>>): { folder: string; stack: string } {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'syntax-place-')));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const [name, source] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), source);
  }
  const { NODE_OPTIONS: _, ...env } = process.env;
  const stack = execFileSync(process.execPath, [path.join(folder, 'main.mjs')], { env, encoding: 'utf8' });
  return { folder, stack };
}

const BROKEN = `const fine = 1;\n\nexport default {{{;\n`;
const MARKED = "export default {{{;\n                ^\n\nSyntaxError: Unexpected token '{'\n    at ";
const LAZILY = (what: string): string => `${TELL}await import('${what}').catch(tell);`;

suite('the place of a syntax error', () => {
  for (const [what, files, place] of [
    ['a module that is imported late', { 'main.mjs': LAZILY('./app.mjs'), 'app.mjs': BROKEN }, 'app.mjs'],
    [
      'a module behind one that is imported late',
      { 'main.mjs': LAZILY('./app.mjs'), 'app.mjs': `import './lib/db.mjs';`, 'lib/db.mjs': BROKEN },
      'lib/db.mjs',
    ],
    [
      'a module of a package',
      {
        'main.mjs': LAZILY('broken'),
        'node_modules/broken/package.json': '{ "type": "module", "main": "index.js" }',
        'node_modules/broken/index.js': BROKEN,
      },
      'node_modules/broken/index.js',
    ],
    [
      'one of two files that look alike at the place',
      {
        'main.mjs': LAZILY('./app.mjs'),
        'app.mjs': `import './alike.mjs';\n\nconst alike  = {};\nimport './broken.mjs';\n`,
        'alike.mjs': `export const fine = 1;\n\n/*   alike    */ {}\n`,
        'broken.mjs': BROKEN,
      },
      'broken.mjs',
    ],
  ] as const) {
    test(`S91: ${what} -> file, line and a mark, as Node shows them`, (t) => {
      const { folder, stack } = stackIn(t, files);
      assert.ok(stack.startsWith(`${pathToFileURL(path.join(folder, place)).href}:3\n${MARKED}`), stack);
    });
  }

  test('an error that names its place is left as it is', (t) => {
    const late = `${TELL}try { JSON.parse('{'); } catch (error) { tell(error); }`;
    assert.match(
      stackIn(t, { 'main.mjs': late }).stack,
      /^SyntaxError: [^\n]*JSON[^\n]*\n {4}at JSON\.parse/,
    );
    const missing = {
      'main.mjs': LAZILY('./app.mjs'),
      'app.mjs': `import { nothing } from './lib.mjs';`,
      'lib.mjs': '',
    };
    assert.match(
      stackIn(t, missing).stack,
      /^file:[^\n]*app\.mjs:1\nimport[^]*\nSyntaxError: The requested module/,
    );
  });
});
