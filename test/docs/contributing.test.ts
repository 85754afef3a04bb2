// CONTRIBUTING.md: the folders are those of the repository, and the commands those of package.json.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from '../helpers/installed.ts';
import { codes, readPage, rows } from './markdown.ts';

const PAGE = readPage('CONTRIBUTING.md');

/** They run others, are run by npm itself, or are steps of another command. */
const UNLISTED = /^(?:pre.+|setup|build|lint|types)$/;

suite('contributing', () => {
  test('the house has the folders that there are, and the files that it names', () => {
    const named = pathsOf(PAGE.blocks.find(({ words }) => words.includes('tree'))?.text ?? '');
    const missing = named.filter((name) => !fs.existsSync(path.join(ROOT, name)));
    assert.deepEqual(missing, []);
    const there = ['src', 'src/primary', 'test'].flatMap((folder) =>
      fs
        .readdirSync(path.join(ROOT, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() || folder === 'src')
        .map((entry) => `${folder}/${entry.name}${entry.isDirectory() ? '/' : ''}`),
    );
    assert.deepEqual(
      there.filter((name) => !named.includes(name)),
      [],
    );
  });

  test('the table of commands has every script', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    );
    const named = rows(PAGE, 'Commands')
      .flatMap(([command = '']) => codes(command))
      .filter((command) => command.startsWith('npm '))
      .map((command) => command.replace(/^npm (?:run )?/, ''));
    const listed = Object.keys(scripts).filter((script) => !UNLISTED.test(script));
    assert.deepEqual(named.toSorted(), listed.toSorted());
  });
});

/** Of a tree of folders, in which two blanks are one level down. */
function pathsOf(tree: string): readonly string[] {
  const parents: string[] = [];
  return tree.split('\n').map((line) => {
    const [, indent = '', name = ''] = /^( *)(\S+)/.exec(line) ?? [];
    const level = indent.length / 2;
    parents.length = level;
    const whole = parents.join('') + name;
    parents[level] = name;
    return whole;
  });
}
