// The preload script runs in a worker, and in no other process or thread.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { PRELOAD_ENVIRONMENT, preloadArguments } from '../../../../src/primary/processes/preload.ts';
import { ROOT } from '../../../helpers/installed.ts';

/** The build's: in src there is no script. */
const built: {
  preloadArguments: typeof preloadArguments;
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
  const write = (file: string, text: string): string => {
    fs.writeFileSync(path.join(folder, file), text);
    return path.join(folder, file);
  };
  const app = write('app.mjs', APP);
  write('first.mjs', `console.log('imported', globalThis.preloaded === true);`);
  write('first.cjs', `console.log('required', globalThis.preloaded === true);`);

  /** As the primary starts a worker. */
  function run(execArgv: readonly string[], env: Record<string, string>, entry = app): readonly string[] {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const all = { ...inherited, ...env };
    const given = [...built.preloadArguments({ entry, execArgv, env: all }), ...execArgv, entry];
    const options = { cwd: folder, env: all, encoding: 'utf8' } as const;
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

  test('S88: where files are required it is evaluated, before the entry, and in no thread or process of the app either', () => {
    const inThreads = ['required false', 'thread false false', 'required false', ...elsewhere.slice(1)];
    const expected = ['required false', 'worker true false', ...inThreads];
    assert.deepEqual(run(['-r', './first.cjs'], ran), expected);
    assert.deepEqual(run([], { ...ran, NODE_OPTIONS: '--require ./first.cjs' }), expected);
  });

  test('S88: with both, what is imported decides', () => {
    const lines = run(['-r', './first.cjs', '--import=./first.mjs'], ran);
    assert.deepEqual(lines.slice(0, 3), ['required false', 'imported true', 'worker true false']);
  });

  test('S88: where it is imported, it removes nothing', () => {
    write('lazy.cjs', `Object.defineProperty(globalThis, 'fs', { get: () => 'mine', configurable: true });`);
    const entry = write('kept.mjs', `console.log(globalThis.fs, process.execArgv.slice(2).join(' '));`);
    const options = ['-r', './lazy.cjs', '--import', './nothing.mjs'];
    write('nothing.mjs', '');
    assert.deepEqual(run(options, { [variable]: script }, entry), [`mine ${options.join(' ')}`]);
  });

  test('S88: how the script is run follows from the options of Node, wherever they are, and from the entry', () => {
    const before = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = '-r ./of-the-file.cjs';
    try {
      for (const [execArgv, NODE_OPTIONS, entry, expected] of [
        [[], undefined, 'main.js', '--import'],
        [['--enable-source-maps', '--env-file=.env'], '', 'main', '--import'],
        [['--require=./a'], undefined, 'main.mjs', '-e'],
        [['-r', './a'], '--title=b', 'main.ts', '-e'],
        [[], '--title=b "-r" ./a', 'main.cjs', '-e'],
        [['-r', './a'], '--import ./b', 'main.cjs', '--import'],
        [['-r', './a', '--loader', './b'], undefined, 'main.cjs', '--import'],
        [['-r', './a'], '--experimental_loader=./b', 'main.cjs', '--import'],
        // The file has the NODE_OPTIONS that this process has.
        [['--env-file=.env'], undefined, 'main.js', '-e'],
        [['--env-file-if-exists', '.env'], undefined, 'main.js', '-e'],
        // The CommonJS loader alone knows what to do with it.
        [[], undefined, 'server-1.2', '-e'],
      ] as const) {
        const [option] = built.preloadArguments({ execArgv, env: { NODE_OPTIONS }, entry });
        assert.equal(option, expected, `${execArgv.join(' ')} ${NODE_OPTIONS} ${entry}`);
      }
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  });

  test('S88: a worker in which it was evaluated looks like one in which it was imported', () => {
    const look = `
      console.log(JSON.stringify({
        globals: Object.getOwnPropertyNames(globalThis).toSorted(),
        lexical: ['e', 'n', 's'].map((name) => globalThis.eval('typeof ' + name)),
        process: Object.getOwnPropertyNames(process).filter((name) => process[name] !== undefined).toSorted(),
        execArgv: process.execArgv.slice(process.execArgv.indexOf('-r')),
        argv: process.argv.slice(1),
        isMain: require.main === module && process.mainModule === module,
        loaded: typeof crypto.subtle,
      }));`;
    const entry = write('look.cjs', look);
    write('nothing.cjs', '');
    const plain = execFileSync(process.execPath, ['-r', './nothing.cjs', entry], {
      cwd: folder,
      encoding: 'utf8',
    });
    const [evaluated = ''] = run(['-r', './nothing.cjs'], { [variable]: script }, entry);
    assert.deepEqual(JSON.parse(evaluated), JSON.parse(plain));
    assert.equal(JSON.parse(plain).isMain, true);
  });

  test('S85: without the script the option does nothing', () => {
    assert.deepEqual(run([], {}), ['worker false false', ...elsewhere]);
  });

  test('S85: the option is short; the script fits into a variable, and imports only modules of Node', () => {
    for (const execArgv of [[], ['-r', 'a']]) {
      const words = built.preloadArguments({ entry: app, execArgv, env: {} });
      assert.ok(words.length === 2 && words.join(' ').length < 300, words.join(' '));
    }
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
