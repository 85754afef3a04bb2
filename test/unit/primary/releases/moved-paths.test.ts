// Paths into the first release become paths of a later one, in all forms in which Node's options have them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import {
  moveArguments,
  moveExecPath,
  moveOptions,
  movesBetween,
} from '../../../../src/primary/releases/moved-paths.ts';

suite('moved paths', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify clustered ')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const one = path.join(folder, '1');
  const two = path.join(folder, '2');
  const current = path.join(folder, 'current');
  for (const file of [
    '1/node_modules/tsx/loader.mjs',
    '2/node_modules/tsx/loader.mjs',
    '1/node_modules/.pnpm/tsx@1.0.0/node_modules/tsx/loader.mjs',
    '1/node_modules/.pnpm/tsx@1.0.0/node_modules/@scope/a/loader.mjs',
    '2/node_modules/@scope/a/loader.mjs',
    '1/only.mjs',
    '10/node_modules/tsx/loader.mjs',
    '10/1/node_modules/tsx/loader.mjs',
  ]) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), '');
  }
  const loader = 'node_modules/tsx/loader.mjs';
  const [from, to] = [path.join(one, loader), path.join(two, loader)];
  const url = (file: string): string => `file://${file.replaceAll(' ', '%20')}`;
  const moves = movesBetween([{ path: current, target: one }], [{ path: current, target: two }]);

  test('S85: plain paths and URLs, in one argument or in two, are moved', () => {
    for (const [given, expected] of [
      [from, to],
      [`--require=${from}`, `--require=${to}`],
      [`--import=${url(from)}`, `--import=${url(to)}`],
      [url(from), url(to)],
      [`${url(from)}?a=%20b#c`, `${url(to)}?a=%20b#c`],
    ] as const) {
      assert.deepEqual(moveArguments(['--import', given], moves), ['--import', expected]);
    }
  });

  test('S85: a path that pnpm names by the version becomes the path of that package in the later release', () => {
    const pnpm = (name: string): string =>
      path.join(one, 'node_modules/.pnpm/tsx@1.0.0/node_modules', name, 'loader.mjs');
    const given = [pnpm('tsx'), url(pnpm('@scope/a'))];
    const expected = [to, url(path.join(two, 'node_modules/@scope/a/loader.mjs'))];
    assert.deepEqual(moveArguments(given, moves), expected);
  });

  test('S85: everything else stays as it is', () => {
    const others = [
      '--enable-source-maps',
      '--max-old-space-size=512',
      '--import',
      'tsx',
      './loader.mjs',
      'data:text/javascript,0',
      'file:relative.mjs',
      '--conditions=/',
      // Outside of the release, by its logical path, in a release whose name begins alike, and not in the later release.
      '/usr/lib/otel.mjs',
      path.join(current, loader),
      path.join(folder, '10', loader),
      path.join(one, 'only.mjs'),
      path.join(one, 'gone.mjs'),
    ];
    assert.deepEqual(moveArguments(others, moves), others);
  });

  test('S85: nothing is moved while the links lead where they led first', () => {
    const link = { path: current, target: one };
    for (const now of [[link], []]) assert.deepEqual(movesBetween([link], now), []);
    assert.deepEqual(moveArguments([from, 'file:///%2F'], []), [from, 'file:///%2F']);
  });

  test('S85: of two nested links the deeper one counts', () => {
    const first = [
      { path: '/srv', target: folder },
      { path: '/srv/current', target: one },
    ];
    const now = [
      { path: '/srv', target: path.join(folder, '10') },
      { path: '/srv/current', target: two },
    ];
    assert.deepEqual(moveArguments([from], movesBetween(first, now)), [to]);
  });

  test('S85: paths in NODE_OPTIONS are moved, quoted or not', () => {
    const quoted = (release: string): string =>
      `  --import ${url(path.join(release, loader))} --title="a b"  "--require=${path.join(release, loader)}" --import tsx`;
    assert.equal(moveOptions(quoted(one), moves), quoted(two));
    assert.equal(moveOptions(`--require="${from}"`, moves), `"--require=${to}"`);
    const odd = path.join(two, 'a "b" \\.mjs');
    fs.writeFileSync(odd, '');
    const escaped = (release: string): string => `"${release}/a \\"b\\" \\\\.mjs"`;
    assert.equal(moveOptions(escaped(one), moves), escaped(two));
    const others = `--require "${path.join(one, 'gone.mjs')}" --title="x ${from}" --import "./a b.mjs" "`;
    assert.equal(moveOptions(others, moves), others);
  });

  test('S85: the path of Node: in the later release, else the same path, else the file that this process runs on', () => {
    assert.equal(moveExecPath(from, moves), to);
    assert.equal(moveExecPath(process.execPath, moves), process.execPath);
    assert.equal(moveExecPath(path.join(one, 'only.mjs'), moves), path.join(one, 'only.mjs'));
    const gone = path.join(one, 'node');
    assert.equal(moveExecPath(gone, moves), process.platform === 'linux' ? '/proc/self/exe' : gone);
  });
});
