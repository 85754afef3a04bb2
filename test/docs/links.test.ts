// Every link of every page leads somewhere, in the repository and in the package.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from '../helpers/installed.ts';
import { PAGES, anchors, links, readPage } from './markdown.ts';

suite('links', () => {
  for (const name of PAGES) {
    test(`${name}: every link and every anchor resolves`, () => {
      assert.deepEqual(
        links(readPage(name)).flatMap((link) => problemOf(name, link)),
        [],
      );
    });
  }

  test('every page of docs/ is linked from the README', () => {
    const linked = links(readPage('README.md')).map((link) => link.split('#')[0]);
    const missing = PAGES.filter((name) => name !== 'README.md' && !linked.includes(name));
    assert.deepEqual(missing, []);
  });

  test('docs/ is in the package, with its pictures', () => {
    const { files }: { files: string[] } = JSON.parse(
      fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    );
    assert.ok(files.includes('docs'));
  });
});

function problemOf(page: string, link: string): readonly string[] {
  if (link.startsWith('https://')) return URL.canParse(link) ? [] : [`${link} is no URL`];
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : path.join(path.dirname(page), file);
  if (target.startsWith('..')) return [`${link} leads out of the repository`];
  if (!fs.existsSync(path.join(ROOT, target))) return [`${link}: there is no ${target}`];
  if (anchor === undefined) return [];
  return anchors(readPage(target)).includes(anchor) ? [] : [`${link}: ${target} has no such heading`];
}
