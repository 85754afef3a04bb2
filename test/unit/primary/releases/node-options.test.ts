// Paths in options of Node are found in every spelling, and nothing else is taken for a path.
import assert from 'node:assert/strict';
import path from 'node:path';
import { suite, test } from 'node:test';
import { optionsIn, placeArguments, placeOptions } from '../../../../src/primary/releases/node-options.ts';
import type { NamedPath, Place } from '../../../../src/primary/releases/node-options.ts';

const STARTED_IN = '/srv/my app';

/** /srv moves to /new. */
const place: Place = (named) => named.path.replace(/^\/srv(?=\/|$)/, '/new');

function placed(...words: readonly string[]): readonly string[] {
  return placeArguments(words, STARTED_IN, place);
}

function namedIn(words: readonly string[]): readonly NamedPath[] {
  const named: NamedPath[] = [];
  placeArguments(words, STARTED_IN, (each) => {
    named.push(each);
    return each.path;
  });
  return named;
}

suite('options of Node', () => {
  test('S88: in one word or in two, and by each of its names, an option of files has its path replaced', () => {
    for (const [given, expected] of [
      [
        ['--import', '/srv/a.mjs'],
        ['--import', '/new/a.mjs'],
      ],
      [['--import=/srv/a.mjs'], ['--import=/new/a.mjs']],
      [
        ['-r', '/srv/a'],
        ['-r', '/new/a'],
      ],
      [['--require=/srv/a.cjs'], ['--require=/new/a.cjs']],
      [
        ['--require', '/srv/a.cjs'],
        ['--require', '/new/a.cjs'],
      ],
      [
        ['--loader', '/srv/a.mjs'],
        ['--loader', '/new/a.mjs'],
      ],
      [['--experimental-loader=/srv/a.mjs'], ['--experimental-loader=/new/a.mjs']],
      [['--experimental_loader=/srv/a.mjs'], ['--experimental_loader=/new/a.mjs']],
      [['--env-file=/srv/.env'], ['--env-file=/new/.env']],
      [
        ['--env-file', '/srv/.env'],
        ['--env-file', '/new/.env'],
      ],
      [['--env-file-if-exists=/srv/.env'], ['--env-file-if-exists=/new/.env']],
      [['--experimental-config-file=/srv/a.json'], ['--experimental-config-file=/new/a.json']],
      [['--experimental-package-map=/srv/a.json'], ['--experimental-package-map=/new/a.json']],
      [['--cpu-prof-dir=/srv/prof'], ['--cpu-prof-dir=/new/prof']],
      [
        ['--cpu-prof-dir', '/srv/prof'],
        ['--cpu-prof-dir', '/new/prof'],
      ],
    ] as const) {
      assert.deepEqual(placed(...given), expected);
    }
  });

  test('S88: relative paths are resolved from the directory where the service was started', () => {
    for (const [given, expected] of [
      [
        ['--import', './a.mjs'],
        ['--import', 'file:///new/my%20app/a.mjs'],
      ],
      [
        ['-r', './a'],
        ['-r', '/new/my app/a'],
      ],
      [
        ['-r', '../a/'],
        ['-r', '/new/a'],
      ],
      [
        ['-r', '..'],
        ['-r', '/new'],
      ],
      [['--env-file=.env'], ['--env-file=/new/my app/.env']],
      [
        ['--env-file', 'a/.env'],
        ['--env-file', '/new/my app/a/.env'],
      ],
      [['--env_file=.env'], ['--env_file=/new/my app/.env']],
      [['--experimental-config-file=a.json'], ['--experimental-config-file=/new/my app/a.json']],
      [['--experimental-package-map=a.json'], ['--experimental-package-map=/new/my app/a.json']],
      [['--experimental-policy=a.json'], ['--experimental-policy=/new/my app/a.json']],
      [['--experimental-default-config-file'], ['--experimental-config-file=/new/my app/node.config.json']],
    ] as const) {
      assert.deepEqual(placed(...given), expected);
    }
    const unmoved = placeArguments(['--import=./a.mjs', '-r', './b'], '/app', ({ path: file }) => file);
    assert.deepEqual(unmoved, ['--import=/app/a.mjs', '-r', '/app/b']);
  });

  test('S88: an imported path is that of a URL; a query stays', () => {
    for (const [given, expected] of [
      ['file:///srv/a.mjs', 'file:///new/a.mjs'],
      ['file:///srv/a%20b.mjs?x=%20y#z', 'file:///new/a%20b.mjs?x=%20y#z'],
      ['/srv/a%20b.mjs', 'file:///new/a%20b.mjs'],
      ['/srv/a b.mjs', 'file:///new/a%20b.mjs'],
      ['/srv/a.mjs?x', '/new/a.mjs?x'],
      ['../a.mjs#z', '/new/a.mjs#z'],
    ] as const) {
      assert.deepEqual(placed('--import', given), ['--import', expected]);
    }
  });

  test('S88: everything else stays as it is', () => {
    const others = [
      '--enable-source-maps',
      '--max-old-space-size=512',
      '--import',
      'tsx',
      '--import=data:text/javascript,/srv/a',
      '--import',
      'node:os',
      '--import=file:relative.mjs',
      '--import=file:///srv/%2F',
      '-r',
      'dotenv/config',
      '-r',
      'a.js',
      '--require=.hidden',
      '--env-file=',
      '--title=./a',
      '--conditions=/',
      '--inspect=127.0.0.1:9229',
      './a.mjs',
    ];
    assert.deepEqual(placed(...others), others);
    assert.deepEqual(placed('-r'), ['-r']);
  });

  test('S88: how Node looks a file up comes with its path', () => {
    assert.deepEqual(namedIn(['-r', './a', '--import=/b.mjs', '--env-file=c', '--cpu-prof-dir=/d']), [
      { option: '--require', path: path.join(STARTED_IN, 'a'), lookup: 'script' },
      { option: '--import', path: '/b.mjs', lookup: 'file' },
      { option: '--env-file', path: path.join(STARTED_IN, 'c'), lookup: 'file' },
      { option: '--cpu-prof-dir', path: '/d', lookup: null },
    ]);
  });

  test('S88: NODE_OPTIONS: words in quotes, escapes, and what is not replaced', () => {
    for (const [given, expected] of [
      ['  --import file:///srv/a.mjs  --title="a b"', '  --import file:///new/a.mjs  --title="a b"'],
      ['"--require=/srv/a b.cjs" --import tsx', '"--require=/new/a b.cjs" --import tsx'],
      ['--require="/srv/a b.cjs"', '"--require=/new/a b.cjs"'],
      ['--require "/srv/a \\"b\\" \\\\.cjs"', '--require "/new/a \\"b\\" \\\\.cjs"'],
      ['-r ./a', '-r "/new/my app/a"'],
      ['--require="/opt/a b.cjs" --title="x /srv" "', '--require="/opt/a b.cjs" --title="x /srv" "'],
      ['', ''],
    ] as const) {
      assert.equal(placeOptions(given, STARTED_IN, place), expected);
    }
  });

  test('the options that there are, by their long names', () => {
    assert.deepEqual([...optionsIn(['-r', './a', '--loader=b'], '--import "c d"  --title=-r')].toSorted(), [
      '',
      '--experimental-loader',
      '--import',
      '--require',
      '--title',
    ]);
  });
});
