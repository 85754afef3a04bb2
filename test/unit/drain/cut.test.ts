// What is counted of the connections that the end of the grace cuts.
import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import type net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Connections } from '../../../src/drain/connections.ts';
import { cut, sumOf } from '../../../src/drain/cut.ts';
import { Sessions } from '../../../src/drain/http2.ts';

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

suite('S98: what was under way on connections that are cut', () => {
  test('requests without an answer, or with a part of one, are counted; idle connections, and half a head, are not', async (t) => {
    const { server, connections, open } = await start(t, http.createServer());
    for (const sent of ['', 'GET / HTT']) (await open()).write(sent);
    const answered = await open();
    answered.write(GET);
    const [, whole] = await once(server, 'request');
    whole.end();
    await once(answered, 'data');
    const waiting = await open();
    waiting.write(GET);
    await once(server, 'request');
    const reading = await open();
    reading.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf');
    const [, begun] = await once(server, 'request');
    begun.write('a part');
    await once(reading, 'data');
    assert.equal(connections.all.length, 5);
    assert.deepEqual(cut(connections.all, 0), { requests: 2, upgraded: 0 });
    assert.ok(connections.all.every(({ destroyed }) => destroyed));
  });

  test('an answer that the client has not read yet is counted', async (t) => {
    const { server, connections, open } = await start(t, http.createServer());
    const slow = await open();
    slow.pause().write(GET);
    const [, response] = await once(server, 'request');
    response.end(Buffer.alloc(64 * 1_024 * 1_024));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(cut(connections.all, 0), { requests: 1, upgraded: 0 });
  });

  test('pipelined requests on a connection: two of them', async (t) => {
    const { server, connections, open } = await start(t, http.createServer());
    const client = await open();
    // Both may come in one turn of the event loop.
    const requests = on(server, 'request');
    client.write(GET + GET);
    for (let count = 0; count < 2; count += 1) await requests.next();
    assert.deepEqual(cut(connections.all, 0), { requests: 2, upgraded: 0 });
  });

  test('an upgraded connection is counted apart', async (t) => {
    const { server, connections, open } = await start(t, http.createServer());
    server.on('upgrade', (_request, socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    const client = await open();
    client.write(UPGRADE);
    await once(client, 'data');
    assert.deepEqual(cut(connections.all, 0), { requests: 0, upgraded: 1 });
  });

  test('HTTP/2: each open stream is a request', async (t) => {
    const server = http2.createServer();
    const { connections } = await start(t, server);
    const sessions = new Sessions(server, connections);
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const opened = on(server, 'stream');
    const client = http2.connect(`http://127.0.0.1:${address.port}`);
    client.on('error', () => undefined);
    t.after(() => client.destroy());
    const requests = [1, 2, 3].map(() => client.request({ ':path': '/' }).on('error', () => undefined));
    const streams: http2.ServerHttp2Stream[] = [];
    while (streams.length < 3) {
      const { value = [] } = await opened.next();
      streams.push(value[0]);
    }
    streams[0]?.respond({ ':status': 204 }, { endStream: true });
    await once(requests[0]?.resume() ?? client, 'close');
    assert.equal(sessions.openStreams, 2);
    assert.deepEqual(cut(connections.all, sessions.openStreams), { requests: 2, upgraded: 0 });
  });

  test('of several servers the sum', () => {
    assert.deepEqual(sumOf([]), { requests: 0, upgraded: 0 });
    const sum = sumOf([
      { requests: 1, upgraded: 2 },
      { requests: 3, upgraded: 4 },
    ]);
    assert.deepEqual(sum, { requests: 4, upgraded: 6 });
  });
});

async function start<Server extends net.Server>(
  t: TestContext,
  server: Server,
): Promise<{ readonly server: Server; readonly connections: Connections; open(): Promise<net.Socket> }> {
  const connections = new Connections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    server,
    connections,
    async open() {
      const client = connect(address.port, '127.0.0.1');
      t.after(() => void client.destroy());
      await once(server, 'connection');
      return client.on('error', () => undefined);
    },
  };
}
