// A single executable application: one process serves, and workers are refused with one clear error.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import { bundle, bundledSource } from '../helpers/bundled.ts';
import { installPacked, pack } from '../helpers/installed.ts';
import { startService } from '../helpers/service.ts';
import type { ServiceOptions } from '../helpers/service.ts';
import { makeExecutable } from '../helpers/single-executable.ts';

suite('single executable application', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  let start: ServiceOptions;

  before(async () => {
    installPacked(folder, pack(folder));
    const main = path.join(folder, 'bundle.cjs');
    await bundle(bundledSource('1'), folder, main, 'cjs');
    const program = makeExecutable(main, folder);
    start = { command: () => [program], cwd: folder };
  });

  test('S94: with workers -> one error that says what to do, before anything is bound or forked', async (t) => {
    const service = startService(t, start);
    const ended = service.ended.then(({ code }) => code);
    const bound = service.seen('sockets bound').then(({ msg }) => msg);
    assert.equal(await Promise.race([ended, bound]), 1);
    assert.match(service.stderr, /FST_CLUSTERED_SINGLE_EXECUTABLE/);
    assert.equal(service.stderr.match(/pass workers: 0/g)?.length, 1, service.stderr);
    assert.deepEqual(service.log, []);
  });

  test('S94: workers: 0 -> it serves, and stops', async (t) => {
    const service = startService(t, { ...start, options: { workers: 0 } });
    assert.equal(JSON.parse((await service.get('/')).body).release, '1');
    assert.equal(await service.stop(), 0);
  });
});
