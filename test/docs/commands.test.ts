// Commands that pages only name: npm scripts that there are, options that the bench knows, packages that are meant.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { parseOptions } from '../../bench/options.ts';
import { ROOT } from '../helpers/installed.ts';
import { PAGES, codes, place, readPage } from './markdown.ts';

const { scripts, dependencies, peerDependencies, devDependencies, name }: Manifest = JSON.parse(
  fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
);

interface Manifest {
  readonly name: string;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const READ = PAGES.map(readPage);

suite('commands', () => {
  test('every block of commands is a program of a POSIX shell', () => {
    for (const block of READ.flatMap(({ blocks }) => blocks)) {
      if (block.language !== 'sh') continue;
      assert.doesNotThrow(() => execFileSync('sh', ['-n'], { input: block.text }), place(block));
    }
  });

  for (const { name: page, prose, blocks } of READ) {
    // Lines that go on behind a backslash are one.
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
      .concat(codes(prose));

    test(`${page}: every npm script that it names is in package.json`, () => {
      const named = commands.flatMap((command) => [...command.matchAll(/npm run (?:--silent )?([\w:-]+)/g)]);
      const known = [...Object.keys(scripts), 'build'];
      assert.deepEqual(
        named.map(([, script = '']) => script).filter((script) => !known.includes(script)),
        [],
      );
    });

    test(`${page}: npm installs what the package is used with`, () => {
      const packages = commands
        .filter((command) => command.startsWith('npm install '))
        .flatMap((command) => command.split(' ').slice(2));
      const known = [name, ...Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies })];
      assert.deepEqual(
        packages.filter((each) => !known.includes(each)),
        [],
      );
    });
  }

  test('docs/performance.md: the bench takes the options that it names', () => {
    const { prose, blocks } = readPage('docs/performance.md');
    const lines = [
      ...codes(prose).filter((code) => code.startsWith('--only')),
      ...blocks.flatMap(({ text }) =>
        [...text.matchAll(/bench -- (--only.+)/g)].map(([, line = '']) => line),
      ),
    ];
    assert.ok(lines.length > 0);
    for (const line of lines) assert.doesNotThrow(() => parseOptions(line.split(' ')), line);
  });

  test('the README defends every dependency', () => {
    const { prose } = readPage('README.md');
    const section = prose.slice(prose.indexOf('## Dependencies'));
    const defended = codes(section.slice(0, section.indexOf('## Licence')));
    const listed = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies });
    assert.deepEqual([...new Set(defended)].toSorted(), [...new Set(listed)].toSorted());
  });
});
