// The file of a Unix socket of ours, and a socket that listens while nobody accepts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { gidOf, uidOf } from '../../../src/net/accounts.ts';
import { adopt, listenOnHandle } from '../../../src/net/listen-on-handle.ts';
import { MAX_PATH_BYTES, SocketFile, nameBeside } from '../../../src/net/socket-file.ts';
import { bindUnix } from '../../../src/primary/sockets/bind-unix.ts';
import { bindPath } from '../../../src/primary/sockets/bound-socket.ts';
import { temporaryFolder } from '../../helpers/folder.ts';

const OURS = { mode: 0o600, owner: null, group: null } as const;

/** Only root may give a file away. */
const OTHER = process.getuid?.() === 0 ? 12_345 : (process.getuid?.() ?? 0);

suite('the file of a Unix socket', () => {
  test('S3: it gets its path with its mode, and the name that it was bound at is gone', (t) => {
    const { folder, bound } = bind(t);
    const file = path.join(folder, 'app.sock');
    const made = new SocketFile(bound, file, { ...OURS, mode: 0o620 });
    assert.equal(fs.statSync(file).mode & 0o777, 0o620);
    assert.deepEqual(fs.readdirSync(folder), ['app.sock']);
    made.remove();
    made.remove();
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  test('S3: it gets its owner and its group, by number or by name', (t) => {
    const { folder, bound } = bind(t);
    const file = path.join(folder, 'app.sock');
    const made = new SocketFile(bound, file, { ...OURS, owner: OTHER });
    const { uid, gid } = fs.statSync(file);
    assert.deepEqual([uid, gid], [OTHER, process.getgid?.()]);
    made.remove();
    const accounts = path.join(folder, 'accounts');
    fs.writeFileSync(accounts, 'root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101::/:/bin/false\n');
    assert.deepEqual([uidOf('nginx', accounts), gidOf('nginx', accounts), gidOf(7)], [101, 101, 7]);
  });

  test('S3: a user or group that is unknown -> an error that names it, and no file', (t) => {
    for (const permissions of [{ owner: 'no such user' }, { group: 'no such group' }]) {
      const { folder, bound } = bind(t);
      const file = path.join(folder, 'app.sock');
      assert.throws(() => new SocketFile(bound, file, { ...OURS, ...permissions }), {
        message: /^there is no (user|group) 'no such \1' in \/etc\/(passwd|group); pass its number$/,
      });
      assert.equal(fs.existsSync(file), false);
    }
  });

  test('S3: what is at the path already stays -> EADDRINUSE', (t) => {
    const { folder, bound } = bind(t);
    const file = path.join(folder, 'app.sock');
    fs.writeFileSync(file, 'mine');
    assert.throws(() => new SocketFile(bound, file, OURS), { code: 'EADDRINUSE' });
    assert.equal(fs.readFileSync(file, 'utf8'), 'mine');
  });

  test('S3: what is at the path by now is not removed', (t) => {
    const { folder, bound } = bind(t);
    const file = path.join(folder, 'app.sock');
    const made = new SocketFile(bound, file, OURS);
    fs.rmSync(file);
    fs.writeFileSync(file, 'mine');
    made.remove();
    assert.equal(fs.readFileSync(file, 'utf8'), 'mine');
  });

  test('a name beside the path says whose it is, and fits where the path does', () => {
    assert.equal(nameBeside('/run/app.sock'), `/run/app.sock.${process.pid}`);
    const longest = `/${'x'.repeat(MAX_PATH_BYTES - 3)}/a`;
    const beside = nameBeside(longest);
    assert.equal(path.dirname(beside), path.dirname(longest));
    assert.ok(Buffer.byteLength(beside) <= MAX_PATH_BYTES);
  });
});

suite('listening for others', () => {
  test('S3: clients connect and wait, this process accepts none of them; whoever listens on the descriptor answers', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const bound = await bindUnix({ path: file, ...OURS, backlog: 8 });
    t.after(() => bound.close());
    const client = net.connect(file);
    t.after(() => client.destroy());
    await once(client, 'connect');
    client.write('hello');
    // Had this process accepted it, it would have been closed by now.
    const closed = once(client, 'close').then(() => 'closed');
    assert.equal(await Promise.race([closed, setTimeout(200, 'open')]), 'open');
    const server = net.createServer((socket) => socket.pipe(socket));
    t.after(() => server.close());
    listenOnHandle(server, adopt(bound.fd), 8, file);
    assert.equal(server.address(), file);
    const [echo] = await once(client, 'data');
    assert.equal(String(echo), 'hello');
  });

  test('S3: the longest path', async (t) => {
    const folder = temporaryFolder(t);
    const inner = path.join(folder, 'x'.repeat(MAX_PATH_BYTES - Buffer.byteLength(folder) - 8));
    fs.mkdirSync(inner);
    const file = path.join(inner, 'a.sock');
    assert.equal(Buffer.byteLength(file), MAX_PATH_BYTES);
    const first = await bindUnix({ path: file, ...OURS, backlog: 8 });
    await assert.rejects(bindUnix({ path: file, ...OURS, backlog: 8 }), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /another process listens there/,
    });
    first.close();
    assert.deepEqual(fs.readdirSync(inner), []);
  });

  test('S3: a directory that does not exist: an error that says so', async (t) => {
    const file = path.join(temporaryFolder(t), 'none', 'app.sock');
    await assert.rejects(bindUnix({ path: file, ...OURS, backlog: 8 }), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /its directory does not exist/,
    });
  });
});

function bind(t: TestContext): { readonly folder: string; readonly bound: string } {
  const folder = temporaryFolder(t);
  const bound = path.join(folder, 'bound');
  const socket = bindPath(bound);
  t.after(() => socket.close());
  return { folder, bound };
}
