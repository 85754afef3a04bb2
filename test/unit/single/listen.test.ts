// Listening without a primary: on every address of localhost, at one port; and what cannot be listened on is an error.
import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { ListenOptions, Place } from '../../../src/options/index.ts';
import { listen } from '../../../src/single/listen.ts';
import { validated } from '../options/validated.ts';

suite('listening alone', () => {
  test('localhost: every address that the machine has, all at the same port, until the acceptor stops', async (t) => {
    // The last one belongs to no machine: it is reserved for documentation.
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.1', '192.0.2.1'];
    t.mock.method(dns, 'lookup', async () => addresses.map((address) => ({ address, family: 4 })));
    const app = createApp(t);
    const acceptor = await listen(app, placesOf({ host: 'localhost', port: 0 }));
    const { port } = Object(app.server.address());
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      const response = await fetch(`http://${address}:${port}/`, { headers: { connection: 'close' } });
      assert.equal(await response.text(), 'served', address);
    }
    acceptor.stop();
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      await assert.rejects(once(net.connect(port, address), 'connect'), { code: 'ECONNREFUSED' }, address);
    }
  });

  test('an address in use: FST_CLUSTERED_LISTEN_FAILED, with the cause', async (t) => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.after(() => taken.close());
    const { port } = Object(taken.address());
    await assert.rejects(
      listen(createApp(t), placesOf({ host: '127.0.0.1', port })),
      ({ code, message, cause }) => {
        assert.equal(code, 'FST_CLUSTERED_LISTEN_FAILED');
        assert.match(message, new RegExp(`127\\.0\\.0\\.1:${port}: .*EADDRINUSE`));
        assert.equal(cause.code, 'EADDRINUSE');
        return true;
      },
    );
  });
});

function placesOf(listen: ListenOptions): readonly Place[] {
  return validated({ listen }).listen.places;
}

function createApp(t: TestContext): FastifyInstance {
  const app = fastify();
  app.get('/', async () => 'served');
  t.after(() => app.close());
  return app;
}
