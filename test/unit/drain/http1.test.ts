// Pins what the drain reads from Node's own fields, on the version of Node that runs this.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { currentResponse, isHttp1, newestRequest } from '../../../src/drain/http1.ts';

const HEAD = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

suite('S16: what HTTP/1.1 is doing on a connection', () => {
  test('the client has not sent anything', async (t) => {
    const { accepted } = await start(t);
    assert.deepEqual(seen(accepted), { response: null, newest: null, http1: true });
  });

  test('the client has sent half a head', async (t) => {
    const { accepted, client } = await start(t);
    client.write('GET / HTT');
    while (accepted.bytesRead === 0) await turn();
    assert.deepEqual(seen(accepted), { response: null, newest: null, http1: true });
  });

  test('one request is in flight, then none', async (t) => {
    const { accepted, client, server } = await start(t);
    client.write(HEAD('/1'));
    const [, response] = await once(server, 'request');
    assert.deepEqual(seen(accepted), { response: '/1', newest: '/1', http1: true });
    response.end('done');
    await once(client, 'data');
    assert.deepEqual(seen(accepted), { response: null, newest: null, http1: true });
  });

  test('the client has sent half a body', async (t) => {
    const { accepted, client, server } = await start(t);
    client.write('POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf');
    await once(server, 'request');
    assert.deepEqual(seen(accepted), { response: '/1', newest: '/1', http1: true });
  });

  test('of pipelined requests the oldest response and the newest request are exposed', async (t) => {
    const { accepted, client, server } = await start(t);
    const responses: http.ServerResponse[] = [];
    server.on('request', (_request, response) => responses.push(response));
    client.write(HEAD('/1') + HEAD('/2') + HEAD('/3'));
    while (responses.length < 3) await turn();
    assert.deepEqual(seen(accepted), { response: '/1', newest: '/3', http1: true });
    const [first, second, third] = responses;
    assert.ok(first && second && third);
    // When 'finish' is emitted for one response, Node has moved on to the next.
    first.end();
    await once(first, 'finish');
    assert.deepEqual(seen(accepted), { response: '/2', newest: '/3', http1: true });
    second.end();
    await once(second, 'finish');
    assert.deepEqual(seen(accepted), { response: '/3', newest: '/3', http1: true });
  });

  test('an upgraded connection has left HTTP/1.1', async (t) => {
    const { accepted, client, server } = await start(t);
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await once(server, 'upgrade');
    assert.deepEqual(seen(accepted), { response: null, newest: null, http1: false });
  });
});

function seen(socket: net.Socket): object {
  return {
    response: currentResponse(socket)?.req.url ?? null,
    newest: newestRequest(socket)?.url ?? null,
    http1: isHttp1(socket),
  };
}

async function start(
  t: TestContext,
): Promise<{ server: http.Server; client: net.Socket; accepted: net.Socket }> {
  const server = http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  t.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { server, client, accepted };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
