import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MAX_PATH_BYTES } from '../../../src/net/socket-file.ts';
import { removeStaleSocket } from '../../../src/net/unix-socket.ts';

suite('removeStaleSocket', () => {
  test('nothing there -> nothing happens', async (t) => {
    const file = place(t);
    await removeStaleSocket(file);
    assert.equal(fs.existsSync(file), false);
  });

  test('no such directory -> ENOENT, where a bind would say EACCES', async (t) => {
    const file = path.join(path.dirname(place(t)), 'none', 'app.sock');
    await assert.rejects(removeStaleSocket(file), { code: 'ENOENT' });
  });

  test('a path that is too long for a socket -> ENAMETOOLONG, where Node 20 would cut it', async (t) => {
    const file = `${place(t)}${'x'.repeat(MAX_PATH_BYTES)}`;
    await assert.rejects(removeStaleSocket(file), { code: 'ENAMETOOLONG' });
  });

  test('the socket of a killed process -> it is removed, and one can listen there', async (t) => {
    const file = place(t);
    leaveStale(file);
    assert.ok(fs.lstatSync(file).isSocket());
    await removeStaleSocket(file);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
    const server = net.createServer().listen(file);
    await once(server, 'listening');
    server.close();
  });

  test('a live socket -> EADDRINUSE, and it stays', async (t) => {
    const file = place(t);
    const server = net.createServer((socket) => socket.end()).listen(file);
    await once(server, 'listening');
    t.after(() => server.close());
    await assert.rejects(removeStaleSocket(file), { code: 'EADDRINUSE' });
    await once(net.connect(file), 'connect');
    assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)]);
  });

  for (const [what, make] of [
    ['a file', (file: string) => fs.writeFileSync(file, 'mine')],
    ['a folder', (file: string) => fs.mkdirSync(file)],
    ['a link to a socket', (file: string) => fs.symlinkSync('elsewhere.sock', file)],
  ] as const) {
    test(`${what} -> EEXIST, and it stays`, async (t) => {
      const file = place(t);
      make(file);
      await assert.rejects(removeStaleSocket(file), { code: 'EEXIST' });
      assert.ok(fs.lstatSync(file));
    });
  }
});

function place(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'unix-socket-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'app.sock');
}

/** Node removes the file at an orderly end: only a kill leaves it. */
function leaveStale(file: string): void {
  const source = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  assert.throws(() => execFileSync(process.execPath, ['-e', source, file], { stdio: 'ignore' }));
}
