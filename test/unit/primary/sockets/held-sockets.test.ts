// The primary's sockets: bound and held, but not listened on, by either way that Node has to bind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import { portOf } from '../../../../src/net/endpoint.ts';
import type { ListenOptions } from '../../../../src/options/index.ts';
import { holdSockets } from '../../../../src/primary/sockets/held-sockets.ts';
import type { HeldSockets } from '../../../../src/primary/sockets/held-sockets.ts';
import { validated } from '../../options/validated.ts';

/** None is waited for. */
function hold(...listen: readonly ListenOptions[]): Promise<HeldSockets> {
  const atOnce = listen.map((one) => ({ ...one, timeoutMs: 0 }));
  return holdSockets(validated({ listen: atOnce }).listen.places, () => assert.fail('it waits'));
}

suite('held sockets', () => {
  test('a free port is bound, and nothing is accepted; once released, it is free again', async () => {
    const sockets = await hold({ host: '127.0.0.1', port: 0 });
    const [endpoint] = sockets.endpoints;
    const port = endpoint && portOf(endpoint);
    assert.ok(port !== undefined && port > 0);
    assert.equal(sockets.ofSlot(0).length, 1);
    // Bound, but not listening: no client can end up in a queue that no worker empties.
    const socket = net.connect(port, '127.0.0.1');
    const [error]: NodeJS.ErrnoException[] = await once(socket, 'error');
    assert.equal(error?.code, 'ECONNREFUSED');
    sockets.release();
    sockets.release();
    const successor = net.createServer().listen(port, '127.0.0.1');
    await once(successor, 'listening');
    successor.close();
  });

  test('localhost is every address that it resolves to, on one port', async () => {
    const sockets = await hold({ host: 'localhost', port: 0 });
    assert.equal(new Set(sockets.endpoints.map(portOf)).size, 1);
    assert.ok(
      sockets.endpoints.every(
        (endpoint) => endpoint.type === 'tcp' && ['127.0.0.1', '::1'].includes(endpoint.host),
      ),
    );
    sockets.release();
  });

  test('a host that is unknown is an error that names the option', async () => {
    await assert.rejects(hold({ host: 'no-such-host.invalid', port: 3000 }), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /no-such-host\.invalid:3000: the host name is unknown \(listen\.host, FASTIFY_ADDRESS\)/,
    });
  });
});
