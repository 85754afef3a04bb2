// What a process was started with, and not what has been read into process.env since.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { startingEnvironment } from '../../../src/process/environment.ts';

suite('the environment that a process was started with', () => {
  test('S87: what was set, changed or deleted later does not count', () => {
    const source = new URL('../../../src/process/environment.ts', import.meta.url).href;
    const script = `
process.env.CHANGED = 'new'; process.env.ADDED = 'new'; delete process.env.DELETED;
import('${source}').then((m) => console.log(JSON.stringify(m.startingEnvironment())));`;
    const env = { PATH: process.env['PATH'], CHANGED: 'old', DELETED: 'a=b\n', NODE_CHANNEL_FD: '77x' };
    const out = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { env, encoding: 'utf8' });
    assert.deepEqual(JSON.parse(out), { PATH: env.PATH, CHANGED: 'old', DELETED: 'a=b\n' });
  });

  test('where the system does not tell, it is what was set when the package was loaded', (t) => {
    const { PATH: _, ...others } = process.env;
    t.after(() => Reflect.deleteProperty(process.env, 'SET_LATER'));
    process.env['SET_LATER'] = 'x';
    const known = startingEnvironment('/nowhere');
    assert.equal('SET_LATER' in known, false);
    for (const name of Object.keys(others).filter((each) => each !== 'SET_LATER'))
      assert.ok(name in known, name);
  });

  test('what is no variable is left out; of two of one name the first counts', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'environment-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'environ');
    fs.writeFileSync(file, 'A=1\0nothing\0=x\0A=2\0EMPTY=\0NODE_UNIQUE_ID=3\0');
    assert.deepEqual({ ...startingEnvironment(file) }, { A: '1', EMPTY: '' });
  });
});
