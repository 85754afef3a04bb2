// The listener binds and holds: with either of Node's ways to bind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import { bind } from '../../../src/primary/listener.ts';

suite('listener', () => {
  test('it binds a free port and does not accept', async () => {
    const listener = await bind({ host: '127.0.0.1', port: 0, backlog: 511 });
    const [address] = listener.addresses;
    assert.ok(address !== undefined && address.port > 0);
    assert.equal(listener.descriptors.length, 1);
    // Bound, not listening: nobody could be kept waiting by mistake.
    const socket = net.connect(address.port, '127.0.0.1');
    const [error]: NodeJS.ErrnoException[] = await once(socket, 'error');
    assert.equal(error?.code, 'ECONNREFUSED');
    listener.release();
    listener.release();
    const successor = net.createServer().listen(address.port, '127.0.0.1');
    await once(successor, 'listening');
    successor.close();
  });

  test('S29: a port that somebody listens on is an error that names it', async () => {
    const busy = net.createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const address = busy.address();
    assert.ok(typeof address === 'object' && address !== null);
    await assert.rejects(bind({ host: '127.0.0.1', port: address.port, backlog: 511 }), (error: Error) => {
      assert.equal(Reflect.get(error, 'code'), 'FST_CLUSTERED_LISTEN_FAILED');
      assert.equal(Reflect.get(Object(error.cause), 'code'), 'EADDRINUSE');
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${address.port}: the port is in use`));
      return true;
    });
    busy.close();
  });

  test('localhost is every address that it resolves to, on one port', async () => {
    const listener = await bind({ host: 'localhost', port: 0, backlog: 511 });
    assert.equal(new Set(listener.addresses.map(({ port }) => port)).size, 1);
    assert.ok(listener.addresses.every(({ host }) => host === '127.0.0.1' || host === '::1'));
    listener.release();
  });
});
