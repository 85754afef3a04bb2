// What a command line of Node says: which script, which arguments, which options other processes may inherit.
import assert from 'node:assert/strict';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import {
  forOthers,
  mainScript,
  optionsForOthers,
  programArguments,
  wordsOf,
} from '../../../src/process/command-line.ts';

suite('the command line', () => {
  test('S71: script and arguments, whatever Node runs', () => {
    for (const [argv, execArgv, script, args] of [
      [['/srv/main.js', 'a', 'b'], ['--inspect'], '/srv/main.js', ['a', 'b']],
      [['/srv/main.js'], [], '/srv/main.js', []],
      // After --eval the first argument is none of a script.
      [['a', 'b'], ['-e', 'code'], undefined, ['a', 'b']],
      [['a'], ['--input-type=module', '--eval=code'], undefined, ['a']],
      [['a'], ['-p', 'code'], undefined, ['a']],
      [['a'], ['-pe', 'code'], undefined, ['a']],
      [[], ['--print', 'code'], undefined, []],
      [['-', 'a'], [], undefined, ['a']],
      [[], [], undefined, []],
      [['file:///srv/a%20b.mjs?x#y', 'a'], ['--entry-url'], '/srv/a b.mjs', ['a']],
      [['main.mjs?x'], ['--entry-url'], path.resolve('main.mjs'), []],
      [['data:text/javascript,code'], ['--entry-url'], undefined, []],
    ] as const) {
      const line = { argv: [process.execPath, ...argv], execArgv };
      assert.equal(mainScript(line), script, execArgv.join(' '));
      assert.deepEqual(programArguments(line), args, execArgv.join(' '));
    }
  });

  const KEPT = [
    ['--import', './a.mjs'],
    ['--require=./a.cjs', '-r', './b.cjs'],
    ['-C', 'development', '--conditions=x'],
    ['--inspect=0', '--inspect-port', '9300'],
    ['--env-file=.env', '--enable-source-maps', '--max-old-space-size=64'],
  ];

  for (const left of [
    ['-e', 'code with --words'],
    ['--eval=code'],
    ['-p', 'code'],
    ['-pe', 'code'],
    ['--print'],
    ['-i'],
    ['-c'],
    ['--check'],
    ['--input-type=module'],
    ['--input-type', 'module'],
    ['--watch'],
    ['--watch-path=./src'],
    ['--watch-path', './src', '--watch_path', './lib'],
    ['--watch-preserve-output'],
    ['--test'],
    ['--test-isolation=none', '--test-reporter', 'spec', '--test-name-pattern=x'],
    ['--experimental-test-coverage'],
    ['--run', 'start'],
    ['--build-snapshot'],
    ['--build-sea', 'sea.json'],
    ['--experimental-sea-config', 'sea.json'],
    ['--entry-url'],
  ]) {
    test(`S71: ${left.join(' ')} is for one process, wherever it stands, and takes its value along`, () => {
      for (const kept of KEPT) {
        assert.deepEqual(forOthers([...left, ...kept]), kept);
        assert.deepEqual(forOthers([...kept, ...left]), kept);
        assert.deepEqual(forOthers([...kept, ...left, ...kept]), [...kept, ...kept]);
      }
    });
  }

  test('S71: NODE_OPTIONS as Node reads them', () => {
    assert.deepEqual(wordsOf(''), []);
    assert.deepEqual(wordsOf(String.raw` --require "./a b.cjs"  --title="\"x\\y\"" `), [
      '--require',
      './a b.cjs',
      String.raw`--title="x\y"`,
    ]);
  });

  test('S71: of NODE_OPTIONS the same are left out, and all else stays as it is', () => {
    const others = String.raw`  --require "./a b.cjs"   --title="\"x\""`;
    assert.equal(optionsForOthers(others), others);
    assert.equal(
      optionsForOthers(`--input-type=module${others} --watch-path ./src`),
      String.raw`--require "./a b.cjs" "--title=\"x\""`,
    );
    assert.equal(optionsForOthers('--input-type module'), '');
  });
});
