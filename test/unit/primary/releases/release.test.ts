// Where the code is: the logical paths that deploys move, and the real paths that generations are pinned to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { pin } from '../../../../src/primary/releases/release.ts';

/** Prints what is found at the start, after a deploy, and once the old release is gone. It depends on how node was started. */
const PROBE = `
import fs from 'node:fs';
import { locate, pin } from ${JSON.stringify(new URL('../../../../dist/primary/releases/release.js', import.meta.url).href)};
import { LinkWatch } from ${JSON.stringify(new URL('../../../../dist/primary/releases/link-watch.js', import.meta.url).href)};

const paths = ({ entry, cwd }) => ({ entry, cwd });
const { current, old, next, options, chdir } = JSON.parse(process.env.PROBE);
if (chdir) process.chdir(chdir);
const { links, startedIn, ...logical } = locate({ entry: null, cwd: null, execArgv: [], ...options });
const first = pin({ ...logical, links });
const watch = new LinkWatch({ ...logical, links }, first);
fs.rmSync(current);
fs.symlinkSync(next, current);
const second = pin({ ...logical, links });
const missed = watch.missed(second) ?? null;
fs.renameSync(old, old + '.gone');
const third = attempt();
fs.renameSync(old + '.gone', old);
fs.rmSync(current);
fs.symlinkSync(old, current);
const back = watch.missed(pin({ ...logical, links })) ?? null;
console.log(JSON.stringify({ logical, startedIn, first: paths(first), second: paths(second), third, missed, back }));

function attempt() {
  try {
    return paths(pin({ ...logical, links }));
  } catch (error) {
    return error.code;
  }
}
`;

interface Found {
  readonly logical: Paths;
  readonly startedIn: string;
  readonly first: Paths;
  readonly second: Paths;
  readonly third: Paths | string;
  readonly missed: object | null;
  readonly back: object | null;
}

interface Paths {
  readonly entry: string;
  readonly cwd: string;
}

suite('release', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  const current = path.join(folder, 'current');
  const [old, next] = ['1', '2'].map((name) => path.join(folder, 'releases', name));
  assert.ok(old && next);
  for (const release of [old, next]) {
    fs.mkdirSync(path.join(release, 'dist'), { recursive: true });
    fs.writeFileSync(path.join(release, 'package.json'), '{ "main": "dist/main", "type": "module" }');
    fs.writeFileSync(path.join(release, 'dist', 'main.js'), PROBE);
    fs.writeFileSync(path.join(release, 'otel.mjs'), '');
    fs.mkdirSync(path.join(release, 'data'));
  }
  fs.symlinkSync(old, current);
  fs.symlinkSync(folder, path.join(folder, 'again'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

  /** Paths are relative to `folder`, which `~` stands for in absolute ones. */
  function find({ cwd, node, pwd, nodeOptions, chdir, options = {} }: Start): Found {
    const { PWD: _, NODE_OPTIONS: __, ...env } = process.env;
    return JSON.parse(
      execFileSync(process.execPath, [node.replace('~', folder)], {
        cwd: path.join(folder, cwd),
        env: {
          ...env,
          ...(pwd === undefined ? {} : { PWD: path.resolve(folder, pwd) }),
          ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions.replace('~', folder) }),
          PROBE: JSON.stringify({ current, old, next, options, chdir }).replaceAll('~', folder),
        },
        encoding: 'utf8',
      }),
    );
  }

  interface Start {
    readonly cwd: string;
    readonly node: string;
    readonly pwd?: string;
    readonly nodeOptions?: string;
    /** Where the entry file goes before the package does anything. */
    readonly chdir?: string;
    readonly options?: object;
  }

  test('S88: the directory where the service was started is known by its logical path, wherever the entry file goes', () => {
    for (const start of [
      { cwd: 'current', node: 'dist/main.js', pwd: 'current' },
      { cwd: 'current', node: '~/current/dist/main.js' },
    ]) {
      assert.equal(find(start).startedIn, current);
      assert.equal(find({ ...start, chdir: '/' }).startedIn, current);
    }
  });

  /** Starts from which the link is known, with the logical paths that follow from them. */
  const FOLLOWED: readonly (readonly [title: string, start: Start, entry: string, cwd: string])[] = [
    [
      'a shell: cd current && node dist/main.js',
      { cwd: 'current', node: 'dist/main.js', pwd: 'current' },
      'current/dist/main.js',
      'current',
    ],
    [
      'a shell: cd current && node dist/main',
      { cwd: 'current', node: 'dist/main', pwd: 'current' },
      'current/dist/main',
      'current',
    ],
    ['a shell: cd current && node .', { cwd: 'current', node: '.', pwd: 'current' }, 'current', 'current'],
    [
      'a shell: cd current/dist && node ..',
      { cwd: 'current/dist', node: '..', pwd: 'current/dist' },
      'current',
      'current/dist',
    ],
    [
      'a shell: cd current/data && node ../dist/main.js',
      { cwd: 'current/data', node: '../dist/main.js', pwd: 'current/data' },
      'current/dist/main.js',
      'current/data',
    ],
    [
      'a shell in current: the absolute entry',
      { cwd: 'current', node: '~/current/dist/main.js', pwd: 'current' },
      'current/dist/main.js',
      'current',
    ],
    ['a shell beside current: node current', { cwd: '.', node: 'current', pwd: '.' }, 'current', '.'],
    [
      'a shell beside current: node current/dist/main',
      { cwd: '.', node: 'current/dist/main', pwd: '.' },
      'current/dist/main',
      '.',
    ],
    [
      'a link above: cd again/current && node dist/main.js',
      { cwd: 'again/current', node: 'dist/main.js', pwd: 'again/current' },
      'again/current/dist/main.js',
      'again/current',
    ],
    [
      'systemd: the absolute entry',
      { cwd: 'current', node: '~/current/dist/main.js' },
      'current/dist/main.js',
      'current',
    ],
    [
      'systemd: the absolute entry without extension',
      { cwd: 'current', node: '~/current/dist/main' },
      'current/dist/main',
      'current',
    ],
    ['systemd: the folder', { cwd: 'current', node: '~/current' }, 'current', 'current'],
    [
      'systemd: the absolute entry, in a folder beside its own',
      { cwd: 'current/data', node: '~/current/dist/main.js' },
      'current/dist/main.js',
      'current/data',
    ],
    [
      'systemd: the absolute entry, and a PWD left over from elsewhere',
      { cwd: 'current', node: '~/current/dist/main.js', pwd: 'releases' },
      'current/dist/main.js',
      'current',
    ],
    [
      'no PWD: the option entry is absolute',
      { cwd: 'current', node: 'dist/main.js', options: { entry: '~/current/dist/main' } },
      'current/dist/main',
      'current',
    ],
    [
      'no PWD: the option cwd is absolute',
      { cwd: 'current', node: 'dist/main.js', options: { cwd: '~/current/data' } },
      'current/dist/main.js',
      'current/data',
    ],
    [
      'no PWD: both options are absolute',
      { cwd: '.', node: 'current/dist/main.js', options: { entry: '~/current', cwd: '~/current/data' } },
      'current',
      'current/data',
    ],
    [
      'no PWD: a file of --import is absolute',
      { cwd: 'current', node: 'dist/main.js', options: { execArgv: ['--import', '~/current/otel.mjs'] } },
      'current/dist/main.js',
      'current',
    ],
    [
      'no PWD: a file of NODE_OPTIONS is absolute',
      { cwd: 'current', node: 'dist/main.js', nodeOptions: '--import=~/current/otel.mjs' },
      'current/dist/main.js',
      'current',
    ],
    [
      'a shell: both options are relative',
      { cwd: 'current', node: 'dist/main.js', pwd: 'current', options: { entry: '.', cwd: 'data' } },
      'current',
      'current/data',
    ],
    [
      'systemd: the absolute entry, the option cwd leads out of the release',
      { cwd: 'current', node: '~/current/dist/main.js', options: { cwd: '..' } },
      'current/dist/main.js',
      '.',
    ],
  ];

  for (const [title, start, entry, cwd] of FOLLOWED) {
    test(`S86: ${title}: the link is known and followed`, () => {
      const found = find(start);
      assert.deepEqual(found.logical, { entry: path.join(folder, entry), cwd: path.join(folder, cwd) });
      const inRelease = (release: string): Paths => ({
        entry: path.join(release, 'dist', 'main.js'),
        cwd: path.join(folder, cwd).replace(/.*current/, release),
      });
      assert.deepEqual(found.first, inRelease(old));
      assert.deepEqual(found.second, inRelease(next));
      assert.deepEqual(found.third, inRelease(next));
      assert.deepEqual([found.missed, found.back], [null, null]);
    });
  }

  /** Starts from which the link is not known. */
  const LOST: readonly (readonly [title: string, start: Start])[] = [
    ['no PWD: node dist/main.js', { cwd: 'current', node: 'dist/main.js' }],
    ['no PWD: node dist/main', { cwd: 'current', node: 'dist/main' }],
    ['no PWD: node .', { cwd: 'current', node: '.' }],
    ['no PWD: node ~/releases/1', { cwd: 'releases/1', node: '~/releases/1' }],
    ['a PWD of another folder', { cwd: 'current', node: 'dist/main.js', pwd: '/' }],
    ['a PWD that is not there', { cwd: 'current', node: 'dist/main.js', pwd: 'gone' }],
    ['a shell in the release itself', { cwd: 'releases/1', node: 'dist/main.js', pwd: 'releases/1' }],
  ];

  for (const [title, start] of LOST) {
    test(`S86: ${title}: the link is not known, and that a rollout could not follow it is noticed`, () => {
      const found = find(start);
      assert.deepEqual(found.second, { entry: path.join(old, 'dist', 'main.js'), cwd: old });
      assert.equal(found.third, 'FST_CLUSTERED_RELEASE_NOT_FOUND');
      const through = { entry: path.join(current, 'dist', 'main.js'), cwd: current };
      assert.deepEqual(found.missed, { isInPart: false, link: current, leadsTo: next, through });
      // Once the link leads back, nothing is missed.
      assert.equal(found.back, null);
    });
  }

  test('S86: a link that is followed for only one of entry and working directory is noticed, too', () => {
    for (const options of [{ entry: path.join(old, 'dist') }, { cwd: old }]) {
      fs.writeFileSync(path.join(old, 'dist', 'package.json'), '{ "main": "main.js", "type": "module" }');
      const { missed } = find({ cwd: 'current', node: '~/current/dist/main.js', options });
      const through = { entry: path.join(current, 'dist', 'main.js'), cwd: current };
      assert.deepEqual(missed, { isInPart: true, link: current, leadsTo: next, through });
      fs.rmSync(path.join(old, 'dist', 'package.json'));
    }
  });

  test('S86: without any link, a rollout of the same files is no reason for a warning', () => {
    const plain = path.join(folder, 'plain');
    fs.cpSync(old, plain, { recursive: true });
    const found = find({ cwd: 'plain', node: 'dist/main.js' });
    assert.deepEqual(found.second, { entry: path.join(plain, 'dist', 'main.js'), cwd: plain });
    assert.equal(found.missed, null);
  });

  test('a PWD that is relative or empty is ignored', () => {
    const env = { ...process.env, PROBE: JSON.stringify({ current, old, next }) };
    for (const PWD of ['current', '']) {
      const options = { cwd: current, env: { ...env, PWD }, encoding: 'utf8' } as const;
      const found: Found = JSON.parse(execFileSync(process.execPath, ['dist/main.js'], options));
      assert.deepEqual(found.logical, { entry: path.join(old, 'dist', 'main.js'), cwd: old });
    }
  });

  test('S21: pinning resolves every link, and names a path that does not exist', () => {
    const logical = { entry: path.join(current, 'dist', 'main'), cwd: current, links: [] };
    assert.deepEqual(pin(logical), { entry: path.join(old, 'dist', 'main.js'), cwd: old, links: [] });
    const code = 'FST_CLUSTERED_RELEASE_NOT_FOUND';
    assert.throws(() => pin({ ...logical, entry: path.join(current, 'gone.mjs') }), {
      code,
      message: /current\/gone\.mjs does not exist/,
    });
    assert.throws(() => pin({ ...logical, cwd: path.join(current, 'gone') }), {
      code,
      message: /current\/gone does not exist/,
    });
    assert.throws(() => pin({ ...logical, entry: path.join(current, 'data') }), {
      code,
      message: /a main script in the folder .*current\/data does not exist/,
    });
  });
});
