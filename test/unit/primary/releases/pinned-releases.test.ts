// Which release a worker is started from, whatever has happened to links and folders since it was pinned.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { linksOn } from '../../../../src/primary/releases/links.ts';
import { PinnedReleases } from '../../../../src/primary/releases/pinned-releases.ts';
import type { LogicalRelease } from '../../../../src/primary/releases/release.ts';

suite('pinned releases', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const current = path.join(folder, 'current');
  const real = (release: number): string => path.join(folder, String(release));

  function deploy(release: number): void {
    fs.mkdirSync(real(release), { recursive: true });
    for (const file of ['main.js', 'loader.mjs']) fs.writeFileSync(path.join(real(release), file), '');
    fs.rmSync(current, { force: true });
    fs.symlinkSync(real(release), current);
  }

  function logicalRelease(): LogicalRelease {
    return { entry: path.join(current, 'main'), cwd: current, startedIn: current, links: linksOn(current) };
  }

  function start(): PinnedReleases {
    deploy(1);
    const logical = logicalRelease();
    return new PinnedReleases(logical, {
      execArgv: ['--import', path.join(real(1), 'loader.mjs')],
      env: {
        NODE_OPTIONS: `--require=${path.join(real(1), 'main.js')}`,
        NODE_PATH: ['/elsewhere', real(1)].join(path.delimiter),
        PATH: ['/usr/bin', real(1)].join(path.delimiter),
        OTHER: real(1),
      },
    });
  }

  /** The release that a worker is started from; and the one that was found instead of the pinned one, if that is gone. */
  function launched(releases: PinnedReleases, id: number): { of: number; instead: string | null } {
    let instead: string | null = null;
    const generation = { id, entry: '', cwd: '' };
    const { entry, cwd, execArgv, env } = releases.launch(generation, (found) => {
      instead = path.basename(found.cwd);
    });
    const of = Number(path.basename(cwd));
    assert.equal(entry, path.join(real(of), 'main.js'));
    assert.deepEqual(execArgv, ['--import', path.join(real(of), 'loader.mjs')]);
    assert.equal(env['NODE_OPTIONS'], `--require=${path.join(real(of), 'main.js')}`);
    assert.equal(env['NODE_PATH'], ['/elsewhere', real(of)].join(path.delimiter));
    assert.equal(env['PATH'], ['/usr/bin', real(of)].join(path.delimiter));
    assert.equal(env['OTHER'], real(1));
    return { of, instead };
  }

  test('S85: each generation keeps its release, wherever the link leads now', () => {
    const releases = start();
    deploy(2);
    releases.pin(2);
    deploy(3);
    assert.deepEqual(launched(releases, 1), { of: 1, instead: null });
    assert.deepEqual(launched(releases, 2), { of: 2, instead: null });
  });

  test('S21: only a release that is gone is resolved again', () => {
    const releases = start();
    deploy(2);
    releases.pin(2);
    deploy(3);
    fs.rmSync(real(2), { recursive: true });
    assert.deepEqual(launched(releases, 2), { of: 3, instead: '3' });
    fs.rmSync(real(3), { recursive: true });
    assert.throws(() => launched(releases, 2), { code: 'FST_CLUSTERED_RELEASE_NOT_FOUND' });
    assert.deepEqual(launched(releases, 1), { of: 1, instead: null });
  });

  test('S25: releases that no worker runs any more are forgotten', () => {
    const releases = start();
    for (const id of [2, 3]) releases.pin(id);
    releases.forgetBefore(3);
    deploy(4);
    assert.deepEqual(launched(releases, 3), { of: 1, instead: null });
    assert.deepEqual(launched(releases, 2), { of: 4, instead: '4' });
  });

  test('S88: files of the user, in every form, are those of the generation, wherever the link leads now', () => {
    deploy(1);
    const releases = new PinnedReleases(logicalRelease(), {
      execArgv: [
        '--import',
        './loader.mjs',
        '-r',
        `${current}/main`,
        '--env-file=loader.mjs',
        '--import=tsx',
      ],
      env: ({ generation }) => ({
        NODE_OPTIONS: `--require "./main.js" --import=file://${current}/loader.mjs?${generation}`,
      }),
    });
    deploy(2);
    releases.pin(2);
    deploy(3);
    for (const id of [1, 2]) {
      const { execArgv, env } = releases.launch({ id, entry: '', cwd: '' }, () => assert.fail());
      const loader = path.join(real(id), 'loader.mjs');
      const main = path.join(real(id), 'main');
      assert.deepEqual(execArgv, ['--import', loader, '-r', main, `--env-file=${loader}`, '--import=tsx']);
      assert.equal(env['NODE_OPTIONS'], `--require ${main}.js --import=file://${loader}?${id}`);
      assert.deepEqual(releases.leftFiles(id), []);
    }
  });

  test('S88: relative ones mean the directory where the service was started, and links to elsewhere are pinned, too', () => {
    deploy(1);
    const elsewhere = path.join(folder, 'elsewhere');
    const links = path.join(elsewhere, 'links');
    fs.mkdirSync(links, { recursive: true });
    const relink = (release: number): void => {
      fs.rmSync(path.join(links, 'otel'), { force: true });
      fs.symlinkSync(real(release), path.join(links, 'otel'));
    };
    relink(1);
    const releases = new PinnedReleases(
      { ...logicalRelease(), startedIn: links },
      { execArgv: ['-r', './otel/main.js', '-r', '../main.js'], env: {} },
    );
    const launched = (id: number): readonly string[] =>
      releases.launch({ id, entry: '', cwd: '' }, () => assert.fail()).execArgv;
    const expected = (release: number): readonly string[] => [
      '-r',
      path.join(real(release), 'main.js'),
      '-r',
      path.join(elsewhere, 'main.js'),
    ];
    deploy(2);
    relink(2);
    assert.deepEqual(launched(1), expected(1));
    releases.pin(2);
    assert.deepEqual(launched(2), expected(2));
    assert.deepEqual(launched(1), expected(1));
  });

  test('S88: what a later release does not have of the real paths into the first one is told of', () => {
    deploy(1);
    const [old = '', missing = ''] = [1, 2].map((release) => path.join(real(release), 'old'));
    fs.writeFileSync(`${old}.js`, '');
    const releases = new PinnedReleases(logicalRelease(), {
      execArgv: ['--require', old, `--cpu-prof-dir=${old}.js`, '-r', './old.js'],
      env: { NODE_OPTIONS: `--import ${old}.js` },
    });
    assert.deepEqual(releases.leftFiles(1), []);
    deploy(2);
    releases.pin(2);
    assert.deepEqual(releases.leftFiles(2), [
      { option: '--require', file: old, missing },
      { option: '--import', file: `${old}.js`, missing: `${missing}.js` },
    ]);
    const execArgv = (): readonly string[] =>
      releases.launch({ id: 2, entry: '', cwd: '' }, () => assert.fail()).execArgv;
    const relative = ['-r', `${missing}.js`];
    assert.deepEqual(execArgv(), ['--require', old, `--cpu-prof-dir=${old}.js`, ...relative]);
    fs.rmSync(`${old}.js`);
    assert.deepEqual(releases.leftFiles(2), []);
    assert.deepEqual(execArgv(), ['--require', missing, `--cpu-prof-dir=${missing}.js`, ...relative]);
  });
});
