// Finds nodemon among the ancestors of a process, by the command lines that the system knows.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { suite, test } from 'node:test';
import { byPs, hasAncestor, readProc } from '../../../src/process/nodemon.ts';

const NODEMON = /^nodemon(?:\.js)?$/;

/** Processes by their pids, each the child of the one before; the first one is PID 1, as in a container. */
function line(...commands: readonly string[]): (pid: number) => { parent: number; words: readonly string[] } {
  const table = new Map(
    commands.map((command, index) => [index + 1, { parent: index, words: command.split(' ') }]),
  );
  return (pid) => table.get(pid) ?? assert.fail(`there is no process ${pid}`);
}

suite('nodemon', () => {
  for (const [expected, ...commands] of [
    [true, 'node /srv/node_modules/.bin/nodemon main.js'],
    [true, 'node --no-warnings /srv/node_modules/nodemon/bin/nodemon.js --ext ts main.ts'],
    [true, 'npm exec nodemon main.ts', 'node /usr/bin/nodemon main.ts', 'sh -c tsx', 'node /srv/tsx main.ts'],
    [true, 'nodemon main.js'],
    [false, 'systemd', 'sh -c main', 'node main.js'],
    [false, 'node /srv/nodemon-like/main.js', 'node my-nodemon.js', 'vi nodemon.json'],
  ] as const) {
    test(`S93: ${commands.join(' > ')} -> ${expected}`, () => {
      assert.equal(hasAncestor(NODEMON, commands.length, line(...commands)), expected);
    });
  }

  test('S93: where the system does not tell, there is none', () => {
    assert.equal(
      hasAncestor(NODEMON, 99, () => undefined),
      false,
    );
    assert.equal(
      hasAncestor(NODEMON, 99, () => {
        throw new Error('gone');
      }),
      false,
    );
    assert.equal(hasAncestor(/./, 0, line('init')), false);
  });

  test('S93: it looks only at near ancestors, so it ends', () => {
    assert.equal(
      hasAncestor(NODEMON, 7, () => ({ parent: 7, words: ['sh'] })),
      false,
    );
  });

  test('S93: /proc and ps know the parent and the command line of this process', (t) => {
    const words = [process.execPath, process.argv[1]];
    if (process.platform === 'linux') {
      const found = readProc(process.pid);
      assert.equal(found.parent, process.ppid);
      for (const word of words) assert.ok(found.words.includes(word ?? ''), found.words.join(' '));
    }
    try {
      execFileSync('ps', ['-V'], { stdio: 'ignore' });
    } catch {
      return t.skip('there is no ps');
    }
    const found = byPs()(process.pid);
    assert.equal(found?.parent, process.ppid);
    for (const word of words) assert.ok(found.words.join(' ').includes(word ?? ''), found.words.join(' '));
  });
});
