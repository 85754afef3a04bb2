// One HTTP/1.1 connection is closed after the response in flight, or after the next one; every request is answered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type net from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { closeAfterResponse } from '../../../src/drain/close-after-response.ts';
import { Connections } from '../../../src/drain/connections.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

suite('closing a connection after its response', () => {
  test('the response in flight is the last', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    const [first] = await connection.send('/1');
    close(connection);
    respond(first);
    assert.deepEqual(await connection.received(), ['/1 close']);
  });

  test('without a response in flight, the next one is the last', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    respond((await connection.send('/1'))[0]);
    await once(connection.client, 'readable');
    close(connection);
    respond((await connection.send('/2'))[0]);
    assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 close']);
  });

  test('so it is on a connection that has not sent anything yet', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    close(connection);
    respond((await connection.send('/1'))[0]);
    assert.deepEqual(await connection.received(), ['/1 close']);
  });

  test('a response whose head is sent stays whole, and the next one is the last', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    const [first] = await connection.send('/1');
    assert.ok(first);
    first.writeHead(200, { 'Content-Length': 2, 'X-Path': '/1' }).write('o');
    await once(connection.client, 'readable');
    close(connection);
    first.end('k');
    await once(first, 'finish');
    respond((await connection.send('/2'))[0]);
    assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 close']);
  });

  test('of pipelined requests every one is answered, and the response to the newest is the last', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    const responses = await connection.send('/1', '/2', '/3');
    close(connection);
    for (const response of responses) {
      respond(response);
      await once(response, 'finish');
    }
    assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 keep-alive', '/3 close']);
  });

  test('of pipelined requests whose heads are all written, every one is answered, and the next response is the last', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    const responses = await connection.send('/1', '/2');
    close(connection);
    for (const response of responses.toReversed()) respond(response);
    const [, second] = responses;
    assert.ok(second);
    await once(second, 'finish');
    respond((await connection.send('/3'))[0]);
    assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 keep-alive', '/3 close']);
  });

  test('a request that is pipelined later becomes the last instead', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    const [first] = await connection.send('/1');
    close(connection);
    const [second] = await connection.send('/2');
    const [third] = await connection.send('/3');
    // In another order than they came.
    for (const response of [third, second, first]) respond(response);
    assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 keep-alive', '/3 close']);
  });

  test('to call it twice is to call it once', async (t) => {
    const { close, open } = await start(t);
    const connection = await open();
    const [first] = await connection.send('/1');
    close(connection);
    close(connection);
    const [second] = await connection.send('/2');
    respond(first);
    respond(second);
    assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 close']);
  });

  test('other connections are left alone, those that come later, too', async (t) => {
    const { close, open } = await start(t);
    const [closing, other] = [await open(), await open()];
    close(closing);
    const later = await open();
    for (const connection of [closing, other, later]) respond((await connection.send('/1'))[0]);
    assert.deepEqual(await closing.received(), ['/1 close']);
    for (const connection of [other, later]) {
      respond((await connection.send('/2'))[0]);
      connection.client.end();
      assert.deepEqual(await connection.received(), ['/1 keep-alive', '/2 keep-alive']);
    }
  });

  test('every connection of now and later, as a drain does it', async (t) => {
    const { connections, open } = await start(t);
    const early = await open();
    connections.forEach((socket) => closeAfterResponse(connections, socket));
    const late = await open();
    for (const connection of [early, late]) {
      respond((await connection.send('/1'))[0]);
      assert.deepEqual(await connection.received(), ['/1 close']);
    }
  });

  for (const [event, expectation] of [
    ['checkContinue', '100-continue'],
    ['checkExpectation', 'something-else'],
  ] as const) {
    for (const isPassedOn of [false, true]) {
      test(`a request with Expect: ${expectation}, answered by ${isPassedOn ? "'request'" : `'${event}'`}`, async (t) => {
        const answer = (_request: IncomingMessage, response: ServerResponse): void => {
          response.writeHead(200, { Connection: 'keep-alive', 'Content-Length': 2 }).end('ok');
        };
        const { server, close, open } = await start(t, answer);
        server.on(event, (request: IncomingMessage, response: ServerResponse) => {
          if (isPassedOn) server.emit('request', request, response);
          else answer(request, response);
        });
        const connection = await open();
        close(connection);
        connection.client.write(
          `POST / HTTP/1.1\r\nHost: localhost\r\nExpect: ${expectation}\r\nContent-Length: 2\r\n\r\nhi`,
        );
        // Until the end: the server closes the connection behind it.
        assert.match(
          await text(connection.client),
          /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*ok$/i,
        );
      });
    }
  }
});

function respond(response: ServerResponse | undefined): void {
  assert.ok(response);
  response.writeHead(200, { 'Content-Length': 2, 'X-Path': response.req.url }).end('ok');
}

interface Connection {
  readonly client: net.Socket;
  readonly accepted: net.Socket;
  /** Sends the requests in one piece. Settles with their responses, which are still to be sent. */
  send(...paths: readonly string[]): Promise<readonly ServerResponse[]>;
  /** Settles when the server has closed the connection, with the path and the `Connection` header of each response. */
  received(): Promise<readonly string[]>;
}

interface Started {
  readonly server: http.Server;
  readonly connections: Connections;
  close(connection: Connection): void;
  open(): Promise<Connection>;
}

async function start(t: TestContext, onRequest?: http.RequestListener): Promise<Started> {
  const server = http.createServer(onRequest);
  const connections = new Connections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of connections.all) socket.destroy();
    server.close();
  });
  return {
    server,
    connections,
    close: ({ accepted }) => closeAfterResponse(connections, accepted),
    open: () => open(t, server),
  };
}

async function open(t: TestContext, server: http.Server): Promise<Connection> {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  t.after(() => client.destroy());
  const [accepted] = await once(server, 'connection');
  return {
    client,
    accepted,
    async send(...paths) {
      const responses: ServerResponse[] = [];
      const all = new Promise<void>((resolve) => {
        server.on('request', function collect(_request, response) {
          if (responses.push(response) < paths.length) return;
          server.removeListener('request', collect);
          resolve();
        });
      });
      client.write(paths.map(get).join(''));
      await all;
      return responses;
    },
    async received() {
      const heads = (await text(client)).split('HTTP/1.1 200 OK\r\n').slice(1);
      return heads.map((head) => {
        assert.match(head, /\r\n\r\nok$/);
        return `${/^x-path: (.*)\r$/im.exec(head)?.[1]} ${/^connection: (.*)\r$/im.exec(head)?.[1]}`;
      });
    },
  };
}
