// A service in one file, made by a bundler: everything that works with installed packages works with it, too.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import type { BuildOptions } from 'esbuild';
import { bundle, bundledSource } from '../helpers/bundled.ts';
import type { Format } from '../helpers/bundled.ts';
import { installPacked, pack } from '../helpers/installed.ts';
import { createReleases, served } from '../helpers/releases.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

const BUNDLES: readonly (readonly [what: string, format: Format, file: string, options: BuildOptions])[] = [
  ['ESM, minified, with source maps', 'esm', 'bundle.mjs', { minify: true, sourcemap: true }],
  ['CommonJS, minified, with source maps', 'cjs', 'bundle.cjs', { minify: true, sourcemap: true }],
  ['ESM, packages are external', 'esm', 'bundle.mjs', { packages: 'external' }],
  ['CommonJS, packages are external', 'cjs', 'bundle.js', { packages: 'external' }],
];

suite('bundles', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  let packed: string;

  before(() => {
    packed = pack(folder);
    installPacked(folder, packed);
  });

  for (const [what, format, file, options] of BUNDLES) {
    test(`S94: ${what}, behind a link, the first release is deleted -> it respawns, rolls, aborts, goes back and stops`, async (t) => {
      const releases = createReleases(t, (release) => {
        if (options.packages === 'external') installPacked(release, packed);
        else fs.mkdirSync(release, { recursive: true });
      });
      const deploy = async (release: number, source = bundledSource(String(release))): Promise<void> => {
        releases.write(release, '{}', 'package.json');
        await bundle(source, folder, path.join(releases.path(release), file), format, options);
        releases.deploy(release);
      };
      await deploy(1);
      const service = await startReadyService(t, {
        fixture: path.join(releases.current, file),
        cwd: releases.current,
        options: { rollout: QUICK },
        execArgv: ['--enable-source-maps'],
        env: { PWD: releases.current },
      });
      assert.deepEqual(await served(service), { release: '1', cwd: releases.path(1), generation: 1 });
      await deploy(2);
      await service.rollOut();
      releases.remove(1);
      assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 2 });
      assert.equal((await service.killOne()).worker?.generation, 2);
      await deploy(3, `throw new Error('broken');`);
      assert.equal((await service.restart()).outcome, 'aborted');
      assert.equal(service.lines('rollout aborted')[0]?.err?.message, 'broken');
      assert.equal((await service.killOne()).worker?.generation, 2);
      assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 2 });
      // Ctrl-C reaches the workers, too. The preload makes them ignore it.
      service.signalGroup('SIGINT');
      assert.equal((await service.ended).code, 0);
      assert.deepEqual(service.leftovers(), []);
    });

    test(`S94: ${what}, workers: 0 -> it serves, and stops`, async (t) => {
      const alone = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
      t.after(() => fs.rmSync(alone, { recursive: true, force: true }));
      if (options.packages === 'external') installPacked(alone, packed);
      const fixture = path.join(alone, file);
      await bundle(bundledSource('1'), folder, fixture, format, options);
      const service = startService(t, { fixture, cwd: alone, options: { workers: 0 } });
      assert.equal(JSON.parse((await service.get('/')).body).release, '1');
      assert.equal(await service.stop(), 0);
    });
  }

  test('S94: an error of a bundle with source maps -> it is told with the place in the source', async (t) => {
    const alone = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
    t.after(() => fs.rmSync(alone, { recursive: true, force: true }));
    fs.writeFileSync(
      path.join(alone, 'app.js'),
      `\nexport function build() {\n  throw new Error('no database');\n}\n`,
    );
    const source = `
import { startClustered } from 'fastify-clustered';
import { build } from ${JSON.stringify(path.join(alone, 'app.js'))};
startClustered(async () => build(), JSON.parse(process.env.SERVICE_OPTIONS));`;
    const fixture = path.join(alone, 'bundle.mjs');
    await bundle(source, folder, fixture, 'esm', { minify: true, sourcemap: true });
    const service = startService(t, { fixture, cwd: alone, execArgv: ['--enable-source-maps'] });
    assert.equal((await service.ended).code, 1);
    const [told] = service.lines('worker failing');
    assert.equal(told?.err?.message, 'no database');
    assert.match(told.err.stack, /app\.js:3/);
  });
});
