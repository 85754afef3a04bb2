// Which file is the main script: in every case the one that Node itself would run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { findMainScript } from '../../../../src/primary/releases/main-script.ts';

const ESM = 'console.log(import.meta.filename)';
const COMMONJS = 'console.log(__filename)';

/** The files of a release, the path that Node is given, and the file that it runs. Null: it finds none. */
const CASES: readonly (readonly [
  title: string,
  files: Record<string, string>,
  given: string,
  runs: string | null,
])[] = [
  ['a file', { 'main.mjs': ESM }, 'main.mjs', 'main.mjs'],
  ['a file of an unknown extension', { 'main.txt': COMMONJS }, 'main.txt', 'main.txt'],
  ['no extension', { 'dist/main.js': COMMONJS }, 'dist/main', 'dist/main.js'],
  [
    'no extension, ESM',
    { 'package.json': '{ "type": "module" }', 'dist/main.js': ESM },
    'dist/main',
    'dist/main.js',
  ],
  ['no extension, and a file of that very name', { main: COMMONJS, 'main.js': COMMONJS }, 'main', 'main'],
  [
    'no extension, and a folder of that name',
    { 'main.js': COMMONJS, 'main/index.js': COMMONJS },
    'main',
    'main.js',
  ],
  ['the extension .mjs cannot be left out', { 'main.mjs': ESM }, 'main', null],
  ['a folder with an index.js', { 'dist/index.js': COMMONJS }, 'dist', 'dist/index.js'],
  ['a folder with an index.mjs', { 'dist/index.mjs': ESM }, 'dist', null],
  [
    '. with a main',
    { 'package.json': '{ "main": "dist/app.js" }', 'dist/app.js': COMMONJS },
    '.',
    'dist/app.js',
  ],
  [
    '. with a main, ESM',
    { 'package.json': '{ "main": "./dist/app.mjs" }', 'dist/app.mjs': ESM },
    '.',
    'dist/app.mjs',
  ],
  [
    'a main without extension',
    { 'package.json': '{ "main": "dist/app" }', 'dist/app.js': COMMONJS },
    '.',
    'dist/app.js',
  ],
  [
    'a main that is a folder',
    { 'package.json': '{ "main": "dist" }', 'dist/index.js': COMMONJS },
    '.',
    'dist/index.js',
  ],
  [
    'a main that is a folder with a package.json of its own',
    {
      'package.json': '{ "main": "dist" }',
      'dist/package.json': '{ "main": "app.js" }',
      'dist/app.js': COMMONJS,
      'index.js': COMMONJS,
    },
    '.',
    'index.js',
  ],
  [
    'a main that is not there, with an index.js',
    { 'package.json': '{ "main": "gone.js" }', 'index.js': COMMONJS },
    '.',
    'index.js',
  ],
  ['a main that is not there', { 'package.json': '{ "main": "gone.js" }' }, '.', null],
  ['a main that is no string', { 'package.json': '{ "main": 1 }', 'index.js': COMMONJS }, '.', 'index.js'],
  [
    '. with exports, which do not count here',
    { 'package.json': '{ "exports": "./other.js" }', 'index.js': COMMONJS, 'other.js': COMMONJS },
    '.',
    'index.js',
  ],
  ['an empty folder', {}, '.', null],
  ['nothing', {}, 'main.js', null],
];

suite('main script', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

  for (const [title, files, given, runs] of CASES) {
    test(`S86: ${title}`, (t) => {
      const release = fs.mkdtempSync(path.join(folder, 'release-'));
      t.after(() => fs.rmSync(release, { recursive: true }));
      for (const [name, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(release, name)), { recursive: true });
        fs.writeFileSync(path.join(release, name), text);
      }
      const expected = runs === null ? undefined : path.join(release, runs);
      assert.equal(findMainScript(path.join(release, given)), expected);
      const { stdout } = spawnSync(process.execPath, [given], { cwd: release, encoding: 'utf8', env: {} });
      assert.equal(stdout.trim(), expected ?? '');
    });
  }

  test('S86: it is looked up again each time', (t) => {
    const link = path.join(folder, 'current');
    t.after(() => fs.rmSync(link));
    for (const name of ['a.js', 'b.js']) {
      const release = path.join(folder, name);
      fs.mkdirSync(release);
      fs.writeFileSync(path.join(release, 'package.json'), `{ "main": "${name}" }`);
      fs.writeFileSync(path.join(release, name), '');
      fs.rmSync(link, { force: true });
      fs.symlinkSync(release, link);
      assert.equal(findMainScript(link), path.join(link, name));
    }
  });
});
