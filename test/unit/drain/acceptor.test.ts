// How a process stops accepting: open connections stay open, and those in the kernel's queue are accepted first.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type net from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Acceptor } from '../../../src/drain/acceptor.ts';

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

const BACKLOG = 128;

suite('stopping to accept', () => {
  test('stop: an open connection is served on, a new one is refused', async (t) => {
    const { acceptor, server, open } = await start(t);
    const client = open();
    await once(server, 'connection');
    acceptor.stop();
    // It may be called twice.
    acceptor.stop();
    await assert.rejects(once(open(), 'connect'), { code: 'ECONNREFUSED' });
    client.write(GET);
    assert.match(await text(client), /200 OK[^]*served$/);
  });

  test('stopWhenEmpty: what waits in the kernel’s queue is accepted first', async (t) => {
    const { acceptor, open } = await start(t);
    const clients = Array.from({ length: 100 }, open);
    // In the next tick Node connects them; the kernel queues them until this process polls.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const stopped = acceptor.stopWhenEmpty();
    const responses = await Promise.all(
      clients.map(async (client) => {
        client.write(GET);
        return text(client);
      }),
    );
    for (const response of responses) assert.match(response, /200 OK[^]*served$/);
    await stopped;
    await assert.rejects(once(open(), 'connect'), { code: 'ECONNREFUSED' });
  });

  test('S41: stopWhenEmpty: however long the app is at work on each of them', async (t) => {
    const { acceptor, server, open } = await start(t);
    server.on('connection', () => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    });
    const clients = Array.from({ length: 30 }, open);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const stopped = acceptor.stopWhenEmpty();
    const responses = await Promise.all(
      clients.map(async (client) => {
        client.write(GET);
        return text(client);
      }),
    );
    for (const response of responses) assert.match(response, /200 OK[^]*served$/);
    await stopped;
  });

  test('stopWhenEmpty: clients that never stop to connect do not hold it up', async (t) => {
    const { acceptor, server, open } = await start(t);
    let refused = false;
    const connectAgain = (): void => {
      const client = open();
      client.once('connect', () => client.destroy());
      client.once('error', () => (refused = true));
      client.once('close', () => refused || connectAgain());
    };
    for (let count = 0; count < 20; count += 1) connectAgain();
    await once(server, 'connection');
    await acceptor.stopWhenEmpty();
    assert.equal(server.listening, false);
  });
});

interface Started {
  readonly server: http.Server;
  readonly acceptor: Acceptor;
  open(): net.Socket;
}

async function start(t: TestContext): Promise<Started> {
  const server = http.createServer((_request, response) => response.end('served'));
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const acceptor = new Acceptor([server], BACKLOG);
  t.after(() => server.close());
  return {
    server,
    acceptor,
    open() {
      const client = connect(address.port, '127.0.0.1');
      t.after(() => client.destroy());
      return client;
    },
  };
}
