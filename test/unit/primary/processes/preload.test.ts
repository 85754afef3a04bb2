// The preload script runs in a worker, and in no other process or thread.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { PRELOAD_ARGUMENTS, PRELOAD_ENVIRONMENT } from '../../../../src/primary/processes/preload.ts';
import { ROOT } from '../../../helpers/installed.ts';

/** The build's: in src there is no script. */
const built: {
  PRELOAD_ARGUMENTS: typeof PRELOAD_ARGUMENTS;
  PRELOAD_ENVIRONMENT: typeof PRELOAD_ENVIRONMENT;
} = await import(path.join(ROOT, 'dist', 'primary', 'processes', 'preload.js'));
const [[variable, script] = ['', '']] = Object.entries(built.PRELOAD_ENVIRONMENT);

/** Prints where it runs, and whether the script ran there; the first process starts a thread and a child, as an app might. */
const APP = `
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker, isMainThread } from 'node:worker_threads';
const place = process.argv[2] ?? (isMainThread ? 'worker' : 'thread');
console.log(place, globalThis.preloaded === true, '${variable}' in process.env);
if (place === 'worker') {
  await once(new Worker(new URL(import.meta.url)), 'exit');
  const [code] = await once(fork(new URL(import.meta.url), ['child']), 'exit');
  console.log('child exited', code);
}
`;

suite('preload', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'app.mjs'), APP);
  fs.writeFileSync(path.join(folder, 'first.mjs'), `console.log('imported', globalThis.preloaded === true);`);

  function run(args: readonly string[], env: Record<string, string>): readonly string[] {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const given = [...built.PRELOAD_ARGUMENTS, ...args, 'app.mjs'];
    const options = { cwd: folder, env: { ...inherited, ...env }, encoding: 'utf8' } as const;
    return execFileSync(process.execPath, given, options).trim().split('\n');
  }

  const ran = { [variable]: 'globalThis.preloaded = true' };
  const elsewhere = ['thread false false', 'child false false', 'child exited 0'];

  test('S85: it runs in the worker, but not in threads and processes that the app starts', () => {
    assert.deepEqual(run([], ran), ['worker true false', ...elsewhere]);
  });

  test('S85: it runs before anything that the command line imports', () => {
    const lines = run(['--import', './first.mjs'], ran);
    assert.deepEqual(lines.slice(0, 2), ['imported true', 'worker true false']);
  });

  test('S85: it runs with loaders that NODE_OPTIONS import, too', () => {
    const NODE_OPTIONS = `--import file://${path.join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')}`;
    assert.deepEqual(run([], { ...ran, NODE_OPTIONS }), ['worker true false', ...elsewhere]);
  });

  test('S85: without the script the option does nothing', () => {
    assert.deepEqual(run([], {}), ['worker false false', ...elsewhere]);
  });

  test('S85: the option is short; the script fits into a variable, and imports only modules of Node', () => {
    const option = built.PRELOAD_ARGUMENTS.join(' ');
    assert.ok(option.length < 300 && option.split(' ').length === 2, option);
    assert.ok(script.length > 0 && Buffer.byteLength(`${variable}=${script}`) < 128 * 1024);
    const needed = [...script.matchAll(/\brequire\("([^"]*)"\)/g)].map(([, name]) => name);
    assert.ok(needed.length > 0);
    assert.deepEqual(
      needed.filter((name) => !name?.startsWith('node:')),
      [],
    );
    assert.doesNotMatch(script, /\bimport\s*[("'{*]|file:\/\//);
  });
});
