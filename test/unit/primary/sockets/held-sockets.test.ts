// The primary's sockets: bound and held, but not listened on, by either way that Node has to bind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import { tcp } from '../../../../src/net/endpoint.ts';
import { holdSockets } from '../../../../src/primary/sockets/held-sockets.ts';

/** No port is waited for. */
const AT_ONCE = { timeoutMs: 0, waiting: () => assert.fail('it waits') };

suite('held sockets', () => {
  test('a free port is bound, and nothing is accepted; once released, it is free again', async () => {
    const sockets = await holdSockets(tcp({ host: '127.0.0.1', port: 0 }), AT_ONCE);
    const [endpoint] = sockets.endpoints;
    assert.ok(endpoint !== undefined && endpoint.port > 0);
    assert.equal(sockets.descriptors.length, 1);
    // Bound, but not listening: no client can end up in a queue that no worker empties.
    const socket = net.connect(endpoint.port, '127.0.0.1');
    const [error]: NodeJS.ErrnoException[] = await once(socket, 'error');
    assert.equal(error?.code, 'ECONNREFUSED');
    sockets.release();
    sockets.release();
    const successor = net.createServer().listen(endpoint.port, '127.0.0.1');
    await once(successor, 'listening');
    successor.close();
  });

  test('localhost is every address that it resolves to, on one port', async () => {
    const sockets = await holdSockets(tcp({ host: 'localhost', port: 0 }), AT_ONCE);
    assert.equal(new Set(sockets.endpoints.map(({ port }) => port)).size, 1);
    assert.ok(sockets.endpoints.every(({ host }) => host === '127.0.0.1' || host === '::1'));
    sockets.release();
  });

  test('a host that is unknown is an error that names the option', async () => {
    await assert.rejects(holdSockets(tcp({ host: 'no-such-host.invalid', port: 3000 }), AT_ONCE), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /no-such-host\.invalid:3000: the host name is unknown \(listen\.host, FASTIFY_ADDRESS\)/,
    });
  });
});
