// Where a path that the service was started with is in the release of a generation.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { Link } from '../../../../src/primary/releases/links.ts';
import { MovedPaths } from '../../../../src/primary/releases/moved-paths.ts';

suite('moved paths', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify clustered ')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const one = path.join(folder, '1');
  const two = path.join(folder, '2');
  const three = path.join(folder, '3');
  const current = path.join(folder, 'current');
  for (const file of [
    '1/node_modules/tsx/loader.mjs',
    '2/node_modules/tsx/loader.mjs',
    '1/node_modules/.pnpm/tsx@1.0.0/node_modules/tsx/loader.mjs',
    '1/node_modules/.pnpm/tsx@1.0.0/node_modules/@scope/a/loader.mjs',
    '2/node_modules/@scope/a/loader.mjs',
    '1/only.mjs',
    '2/new.mjs',
    '3/new.mjs',
    '3/third.mjs',
    '10/node_modules/tsx/loader.mjs',
    '10/1/node_modules/tsx/loader.mjs',
  ]) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), '');
  }
  // The release after the one that is pinned.
  fs.symlinkSync(three, current);
  const loader = 'node_modules/tsx/loader.mjs';
  const [from, to] = [path.join(one, loader), path.join(two, loader)];
  const first = [{ path: current, target: one }];
  const moved = new MovedPaths(first, [{ path: current, target: two }]);
  const found = (file: string): { path: string; missing: string | null } => ({ path: file, missing: null });

  test('S85: a real path into the first release becomes the same path in the release of the generation', () => {
    assert.deepEqual(moved.find(from), found(to));
  });

  test('S88: so does a path through the link, wherever that leads now', () => {
    assert.deepEqual(moved.find(path.join(current, loader)), found(to));
    assert.deepEqual(moved.find(path.join(current, 'new.mjs')), found(path.join(two, 'new.mjs')));
    // Node reports what is missing, or does without it; what a later release has is none of this generation's business.
    assert.deepEqual(moved.find(path.join(current, 'third.mjs')), found(path.join(two, 'third.mjs')));
    assert.deepEqual(moved.find(path.join(current, 'only.mjs')), found(path.join(two, 'only.mjs')));
  });

  test('S88: a link that was pinned and whose target is gone is followed anew', () => {
    const mounted = path.join(folder, 'config', '.env');
    const data = (version: string): string => path.join(folder, 'config', `..${version}`);
    // As Kubernetes mounts a ConfigMap.
    fs.mkdirSync(data('2'), { recursive: true });
    fs.writeFileSync(path.join(data('2'), '.env'), '');
    fs.symlinkSync('..2', data('data'));
    fs.symlinkSync(path.join('..data', '.env'), mounted);
    const at = (version: string): MovedPaths =>
      new MovedPaths(first, [{ path: mounted, target: path.join(data(version), '.env') }]);
    assert.deepEqual(at('2').find(mounted), found(path.join(data('2'), '.env')));
    assert.deepEqual(at('1').find(mounted), found(mounted));
  });

  test('S85: a path that pnpm names by the version becomes the path of that package in the later release', () => {
    const pnpm = (name: string): string =>
      path.join(one, 'node_modules/.pnpm/tsx@1.0.0/node_modules', name, 'loader.mjs');
    assert.deepEqual(moved.find(pnpm('tsx')), found(to));
    assert.deepEqual(moved.find(pnpm('@scope/a')), found(path.join(two, 'node_modules/@scope/a/loader.mjs')));
  });

  test('S85: paths outside of the release stay, also where its name begins alike', () => {
    for (const file of ['/usr/lib/otel.mjs', path.join(folder, '10', loader), path.join(folder, 'none')]) {
      assert.deepEqual(moved.find(file), found(file));
    }
  });

  test('S88: what only the first release has is taken from there, and is told of; once it is deleted there, it is missing', () => {
    const [old, missing] = [path.join(one, 'only.mjs'), path.join(two, 'only.mjs')];
    assert.deepEqual(moved.find(old), { path: old, missing });
    assert.deepEqual(moved.find(path.join(one, 'gone.mjs')), found(path.join(two, 'gone.mjs')));
    assert.deepEqual(
      moved.find(path.join(one, 'only'), () => true),
      found(path.join(two, 'only')),
    );
  });

  test('S85: nothing is moved while the links lead where they led first', () => {
    for (const pinned of [first, []]) assert.deepEqual(new MovedPaths(first, pinned).find(from), found(from));
    assert.deepEqual(new MovedPaths([], []).find(from), found(from));
  });

  test('S85: of two nested links the deeper one counts', () => {
    const links = (outer: string, inner: string): readonly Link[] => [
      { path: '/srv', target: outer },
      { path: '/srv/current', target: inner },
    ];
    const [started, pinned] = [links(folder, one), links(path.join(folder, '10'), two)];
    for (const nested of [
      new MovedPaths(started, pinned),
      new MovedPaths(started.toReversed(), pinned.toReversed()),
    ]) {
      assert.deepEqual(nested.find(from), found(to));
      assert.deepEqual(nested.find(path.join('/srv/current', loader)), found(to));
    }
  });

  test('S85: in a list of folders, too; relative ones stay', () => {
    const list = (...folders: readonly string[]): string => folders.join(path.delimiter);
    const modules = 'node_modules';
    assert.equal(
      moved.list(list('/usr/bin', path.join(one, modules), path.join(current, modules), '.', '')),
      list('/usr/bin', path.join(two, modules), path.join(two, modules), '.', ''),
    );
  });

  test('S85: the path of Node: in the later release, else the same path, else the file that this process runs on', () => {
    assert.equal(moved.execPath(from), to);
    assert.equal(moved.execPath(process.execPath), process.execPath);
    assert.equal(moved.execPath(path.join(one, 'only.mjs')), path.join(one, 'only.mjs'));
    const gone = path.join(one, 'node');
    assert.equal(moved.execPath(gone), process.platform === 'linux' ? '/proc/self/exe' : gone);
  });
});
