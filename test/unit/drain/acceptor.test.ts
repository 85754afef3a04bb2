// How a process stops accepting: open connections stay open, and those in the kernel's queue are accepted first.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
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
    const { acceptor, open, queue } = await start(t);
    const clients = await queue(100);
    const stopped = acceptor.stopWhenEmpty();
    await areServed(clients);
    await stopped;
    await assert.rejects(once(open(), 'connect'), { code: 'ECONNREFUSED' });
  });

  test('S41: stopWhenEmpty: however long the app is at work on each of them', async (t) => {
    const { acceptor, server, queue } = await start(t);
    server.on('connection', () => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    });
    const clients = await queue(30);
    const stopped = acceptor.stopWhenEmpty();
    await areServed(clients);
    await stopped;
  });

  test('S41: stopWhenEmpty: who connects while the queue is emptied is served, too, and not left without an answer', async (t) => {
    const { acceptor, server, open, queue } = await start(t);
    const late: net.Socket[] = [];
    server.on('connection', () => {
      if (late.length === 0) late.push(open());
      const until = performance.now() + 30;
      while (performance.now() < until);
    });
    const clients = await queue(10);
    const stopped = acceptor.stopWhenEmpty();
    await areServed(clients);
    await areServed(late);
    await stopped;
    await assert.rejects(once(open(), 'connect'), { code: 'ECONNREFUSED' });
  });

  test('S104: stopWhenEmpty: what waits for a socket that others hold, too, is left to them', async (t) => {
    const { acceptor, server, queue } = await start(t, { isLent: true });
    let accepted = 0;
    server.on('connection', () => (accepted += 1));
    const clients = await queue(20);
    await acceptor.stopWhenEmpty();
    assert.equal(server.listening, false);
    // Node accepts one in each poll phase.
    assert.ok(accepted <= 2, `${accepted} of ${clients.length} were accepted`);
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
  /** Opens so many, which wait in the kernel's queue until this process polls. */
  queue(count: number): Promise<readonly net.Socket[]>;
}

async function areServed(clients: readonly net.Socket[]): Promise<void> {
  const responses = clients.map(async (client) => {
    client.write(GET);
    return text(client);
  });
  for (const response of await Promise.all(responses)) assert.match(response, /200 OK[^]*served$/);
}

async function start(t: TestContext, { isLent = false } = {}): Promise<Started> {
  const server = http.createServer((_request, response) => response.end('served'));
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const acceptor = new Acceptor([{ server, backlog: BACKLOG, isLent }]);
  t.after(() => server.close());
  const open = (): net.Socket => {
    const client = connect(address.port, '127.0.0.1');
    t.after(() => client.destroy());
    return client;
  };
  return {
    server,
    acceptor,
    open,
    async queue(count) {
      const clients = Array.from({ length: count }, open);
      // In the next tick Node connects them.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      // On a busy machine the kernel needs a moment for the handshakes.
      const deadline = performance.now() + 10_000;
      while (queueLength(address.port) < count)
        assert.ok(performance.now() < deadline, 'they are not queued');
      return clients;
    },
  };
}

/** Of a listening socket on 127.0.0.1; Infinity where the kernel does not tell. See proc_net_tcp.rst of Linux. */
function queueLength(port: number): number {
  const table = '/proc/net/tcp';
  if (!fs.existsSync(table)) return Infinity;
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const listening = '0A';
  const [, queues = ''] =
    new RegExp(`${local} 00000000:0000 ${listening} [0-9A-F]+:([0-9A-F]+)`).exec(
      fs.readFileSync(table, 'utf8'),
    ) ?? [];
  return Number.parseInt(queues, 16);
}
