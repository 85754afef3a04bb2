// A client that still sends while the last response is on its way: the response must arrive whole.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { closeAfterResponse } from '../../../src/drain/close-after-response.ts';
import { Connections } from '../../../src/drain/connections.ts';
import { closeInStages, closeWhenSilent } from '../../../src/drain/linger.ts';
import { readSlowly } from '../../helpers/read-slowly.ts';

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** More than fits into the buffers of the kernel. */
const BODY = Buffer.alloc(1_000_000, 'x');

suite('S16: closing in stages', () => {
  test('a response on its way is not cut by what the client sends meanwhile', async (t) => {
    const { server, connections, open } = await start(t);
    let finished = false;
    let tooLate = 0;
    server.on('request', (_request, response) => {
      if (finished) tooLate += 1;
      response.once('finish', () => {
        finished = true;
      });
      response.end(BODY);
    });
    const client = await open();
    for (const socket of connections.all) closeAfterResponse(connections, socket);
    client.write(GET);
    const { bytes, error } = await readSlowly(client, GET);
    assert.equal(error, undefined);
    assert.ok(bytes > BODY.length, `${bytes} bytes`);
    // What came later could not be answered, so it must not reach the app.
    assert.equal(finished, true);
    assert.equal(tooLate, 0);
  });

  test('a connection whose client does not close its side is closed, too', async (t) => {
    const { connections, open } = await start(t);
    const client = await open({ allowHalfOpen: true });
    const [socket] = connections.all;
    assert.ok(socket);
    closeInStages(socket);
    await once(client.resume(), 'end');
    await once(socket, 'close');
    assert.deepEqual(connections.all, []);
  });

  test('when the client closes its side, the connection ends without an error', async (t) => {
    const { connections, open } = await start(t);
    const client = await open();
    const [socket] = connections.all;
    assert.ok(socket);
    closeInStages(socket);
    // Later calls change nothing.
    closeInStages(socket);
    client.resume();
    await Promise.all([once(client, 'close'), once(socket, 'close')]);
    assert.equal(socket.errored, null);
  });
});

suite('S96: a client of HTTP/2 that does not close its side', () => {
  test('it is waited for as long as it sends, and cut when it is silent', async (t) => {
    const { connections, open } = await start(t);
    const client = await open({ allowHalfOpen: true });
    const [socket] = connections.all;
    assert.ok(socket);
    socket.removeAllListeners('data').on('data', () => undefined);
    t.mock.timers.enable({ apis: ['setInterval'] });
    closeWhenSilent(socket);
    for (let times = 0; times < 3; times += 1) {
      client.write('a frame');
      await once(socket, 'data');
      t.mock.timers.tick(5_000);
      assert.equal(socket.destroyed, false);
    }
    t.mock.timers.tick(5_000);
    assert.equal(socket.destroyed, true);
    // Of a client that keeps its side open.
    await once(client.resume(), 'end');
  });
});

interface Started {
  readonly server: http.Server;
  readonly connections: Connections;
  open(options?: { readonly allowHalfOpen: boolean }): Promise<net.Socket>;
}

async function start(t: TestContext): Promise<Started> {
  const server = http.createServer();
  const connections = new Connections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  t.after(() => {
    for (const socket of connections.all) socket.destroy();
    server.close();
  });
  return {
    server,
    connections,
    async open(options) {
      const client = connect({ port: address.port, host: '127.0.0.1', ...options });
      await Promise.all([once(server, 'connection'), once(client, 'connect')]);
      t.after(() => client.destroy());
      return client;
    },
  };
}
