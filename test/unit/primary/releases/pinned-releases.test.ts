// Which release a worker is started from, whatever has happened to links and folders since it was pinned.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { linksOn } from '../../../../src/primary/releases/links.ts';
import { PinnedReleases } from '../../../../src/primary/releases/pinned-releases.ts';

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

  function start(): PinnedReleases {
    deploy(1);
    const logical = { entry: path.join(current, 'main'), cwd: current, links: linksOn(current) };
    return new PinnedReleases(logical, {
      execArgv: ['--import', path.join(real(1), 'loader.mjs')],
      env: {
        NODE_OPTIONS: `--require=${path.join(real(1), 'main.js')}`,
        NODE_PATH: ['/elsewhere', real(1)].join(path.delimiter),
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
    assert.equal(env['PATH'], process.env['PATH']);
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
});
