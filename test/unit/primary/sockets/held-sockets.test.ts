// The listener binds and holds: with either of Node's ways to bind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import { bind, bindAddresses } from '../../../../src/primary/sockets/held-sockets.ts';

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

  test('of the addresses of localhost one is enough, if the machine has no other', () => {
    // TEST-NET-1, which no machine has (RFC 5737), in the place of ::1 in a container without IPv6.
    for (const hosts of [
      ['192.0.2.1', '127.0.0.1'],
      ['127.0.0.1', '192.0.2.1'],
    ]) {
      const listener = bindAddresses(hosts, 0);
      assert.deepEqual(
        listener.addresses.map(({ host }) => host),
        ['127.0.0.1'],
      );
      listener.release();
    }
    assert.throws(() => bindAddresses(['192.0.2.1'], 0), { code: 'FST_CLUSTERED_LISTEN_FAILED' });
  });

  test('an address in use is not passed over, whatever the others are', async () => {
    const busy = net.createServer().listen(0, '127.0.0.2');
    await once(busy, 'listening');
    const address = busy.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { port } = address;
    assert.throws(() => bindAddresses(['127.0.0.1', '127.0.0.2'], port), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
    });
    // What was bound before is let go of again.
    bindAddresses(['127.0.0.1'], port).release();
    busy.close();
  });

  test('several addresses share one free port', () => {
    const listener = bindAddresses(['127.0.0.1', '127.0.0.2'], 0);
    const [first, second] = listener.addresses;
    assert.ok(first !== undefined && first.port > 0);
    assert.deepEqual(second, { host: '127.0.0.2', port: first.port });
    listener.release();
  });
});
