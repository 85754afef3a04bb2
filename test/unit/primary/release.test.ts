// Where the code is: logical paths that deploys move, real paths that generations are pinned to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { pin } from '../../../src/primary/release.ts';

/** Prints what locate() finds, as it depends on how node was started. */
const PROBE = `
import { locate } from ${JSON.stringify(new URL('../../../dist/primary/release.js', import.meta.url).href)};
console.log(JSON.stringify(locate({ entry: null, cwd: null, ...JSON.parse(process.env.LOCATE ?? '{}') })));
`;

suite('release', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  const real = path.join(folder, 'releases', '1');
  const current = path.join(folder, 'current');
  fs.mkdirSync(real, { recursive: true });
  fs.writeFileSync(path.join(real, 'main.mjs'), PROBE);
  fs.symlinkSync(real, current);
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

  function located({
    cwd,
    args,
    pwd = cwd,
    options = {},
  }: {
    cwd: string;
    args: string[];
    pwd?: string;
    options?: object;
  }): unknown {
    const env = { ...process.env, PWD: pwd, LOCATE: JSON.stringify(options) };
    return JSON.parse(execFileSync(process.execPath, args, { cwd, env, encoding: 'utf8' }));
  }

  test('S21: after `cd current && node main.mjs` the link is still known', () => {
    const found = located({ cwd: current, args: ['main.mjs'] });
    assert.deepEqual(found, { entry: path.join(current, 'main.mjs'), cwd: current });
  });

  test('S21: with `node current/main.mjs` the link is still known', () => {
    const found = located({ cwd: folder, args: ['current/main.mjs'] });
    assert.deepEqual(found, { entry: path.join(current, 'main.mjs'), cwd: folder });
  });

  test('a PWD that is another directory, or none, is not believed', () => {
    for (const pwd of ['/', path.join(folder, 'gone'), 'relative', '']) {
      assert.deepEqual(located({ cwd: current, args: ['main.mjs'], pwd }), {
        entry: path.join(real, 'main.mjs'),
        cwd: real,
      });
    }
  });

  test('the options win, and are relative to the logical working directory', () => {
    const options = { entry: 'other.mjs', cwd: '..' };
    assert.deepEqual(located({ cwd: current, args: ['main.mjs'], options }), {
      entry: path.join(current, 'other.mjs'),
      cwd: folder,
    });
  });

  test('pinning resolves every link, and says what is not there', () => {
    const logical = { entry: path.join(current, 'main.mjs'), cwd: current };
    assert.deepEqual(pin(logical), { entry: path.join(real, 'main.mjs'), cwd: real });
    assert.throws(() => pin({ ...logical, entry: path.join(current, 'gone.mjs') }), {
      code: 'FST_CLUSTERED_RELEASE_NOT_FOUND',
      message: /current\/gone\.mjs does not exist/,
    });
  });
});
