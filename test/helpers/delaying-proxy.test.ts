// Proves that the delaying proxy passes on everything a TCP connection can do, in order, and no earlier than it says.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { Socket, connect, createServer } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

import { startDelayingProxy } from './delaying-proxy.ts';
import type { DelayingProxy } from './delaying-proxy.ts';
import { listen } from './listen.ts';
import { startLoad } from './load-client.ts';
import { describeLosses } from './load-report.ts';

const DELAY_MS = 30;

async function startProxy(t: TestContext, port: number, delayMs: number): Promise<DelayingProxy> {
  const proxy = await startDelayingProxy({ upstream: { host: '127.0.0.1', port }, delayMs });
  t.after(() => proxy.close());
  return proxy;
}

interface Line {
  readonly proxy: DelayingProxy;
  /** The end of the test, half-open at will; not read yet. */
  readonly client: Socket;
  /** The other end, beyond the proxy; likewise. */
  readonly service: Socket;
  /** From the client's connecting to the service's accepting. */
  readonly connectedAfterMs: number;
}

/** A connection through a proxy, both of its ends in the hands of the test. */
async function line(t: TestContext, delayMs = DELAY_MS): Promise<Line> {
  const server = createServer({ allowHalfOpen: true });
  const proxy = await startProxy(t, await listen(t, server), delayMs);
  const accepted = once(server, 'connection');
  const since = performance.now();
  const client = connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true, noDelay: true });
  t.after(() => client.destroy());
  const service: unknown = (await accepted)[0];
  const connectedAfterMs = performance.now() - since;
  assert(service instanceof Socket);
  service.setNoDelay(true);
  return { proxy, client, service, connectedAfterMs };
}

async function receive(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** The code of the error the socket ends with; undefined if it ends well. */
async function ending(socket: Socket): Promise<string | undefined> {
  let code: string | undefined;
  socket.once('error', (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  socket.resume();
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
  return code;
}

/** In many small writes over many turns at first, for which the delays overlap. */
async function send(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < 500; at += 1) {
    socket.write(bytes.subarray(at, at + 1));
    if (at % 10 === 0) await pause(1);
  }
  socket.end(bytes.subarray(500));
}

test('bytes arrive intact and in order, both ways at once', async (t) => {
  const { proxy, client, service } = await line(t, 3);
  const [request, response] = [randomBytes(5_000_001), randomBytes(7_000_001)];
  const arrived = Promise.all([receive(service), receive(client)]);
  await Promise.all([send(client, request), send(service, response)]);
  const [requested, responded] = await arrived;
  assert(requested.equals(request));
  assert(responded.equals(response));
  assert.equal(proxy.stats.bytesToUpstream, request.length);
  assert.equal(proxy.stats.bytesToClients, response.length);
  assert.equal(proxy.stats.connections, 1);
  assert.equal(proxy.stats.refused + proxy.stats.resetByUpstream + proxy.stats.resetByClient, 0);
});

test('connecting, bytes and FIN take the delay, in each direction', async (t) => {
  const { client, service, connectedAfterMs } = await line(t);
  assert(connectedAfterMs >= DELAY_MS, `connected after ${connectedAfterMs} ms`);

  for (const [from, to] of [
    [client, service],
    [service, client],
  ] as const) {
    // More than once: a connection must not lose its delay by and by.
    for (let round = 0; round < 3; round += 1) {
      const since = performance.now();
      from.write('x');
      await once(to, 'data');
      const took = performance.now() - since;
      assert(took >= DELAY_MS, `byte after ${took} ms`);
    }
  }
  for (const [from, to] of [
    [client, service],
    [service, client],
  ] as const) {
    const since = performance.now();
    from.end();
    await once(to, 'end');
    const took = performance.now() - since;
    assert(took >= DELAY_MS, `FIN after ${took} ms`);
  }
});

test('a half-closed connection still carries the other direction', async (t) => {
  for (const closing of ['client', 'service'] as const) {
    const ends = await line(t, 3);
    const [closer, other] = closing === 'client' ? [ends.client, ends.service] : [ends.service, ends.client];
    closer.end('last words');
    assert.equal((await receive(other)).toString(), 'last words');
    const answer = receive(closer);
    other.write('an answer ');
    other.end('to them');
    assert.equal((await answer).toString(), 'an answer to them');
  }
});

test('a reset passes, after the delay, to the client', async (t) => {
  const { proxy, client, service } = await line(t);
  const ended = ending(client);
  const since = performance.now();
  service.resetAndDestroy();
  assert.equal(await ended, 'ECONNRESET');
  const took = performance.now() - since;
  assert(took >= DELAY_MS, `reset after ${took} ms`);
  assert.equal(proxy.stats.resetByUpstream, 1);
  assert.equal(proxy.stats.resetByClient, 0);
  assert.equal(proxy.stats.refused, 0);
});

test('a reset passes, after the delay, to the service', async (t) => {
  const { proxy, client, service } = await line(t);
  const ended = ending(service);
  const since = performance.now();
  client.resetAndDestroy();
  assert.equal(await ended, 'ECONNRESET');
  const took = performance.now() - since;
  assert(took >= DELAY_MS, `reset after ${took} ms`);
  assert.equal(proxy.stats.resetByClient, 1);
  assert.equal(proxy.stats.resetByUpstream, 0);
});

test('a reset right behind bytes is not taken for a FIN, and the bytes come first', async (t) => {
  const { proxy, client, service } = await line(t);
  // The service has accepted, but the proxy may not know that yet. Of a reset at that moment it would see nothing else.
  client.write('x');
  await once(service, 'data');
  const chunks: Buffer[] = [];
  client.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  const ended = ending(client);
  service.write('bytes', () => service.resetAndDestroy());
  // Before libuv 1.52, this client may take it for a FIN, which is not the proxy's fault.
  client.once('end', () => client.end());
  await ended;
  assert.equal(Buffer.concat(chunks).toString(), 'bytes');
  assert.equal(proxy.stats.resetByUpstream, 1);
});

test('bytes sent to a service which is gone are answered by a reset', async (t) => {
  const { proxy, client, service } = await line(t);
  const ended = ending(client);
  // The first write provokes the reset. The proxy may need one more to notice, as any Node client would: Node does not
  // watch a connection for errors after its FIN, as long as it has nothing to write.
  client.on('end', () => void writeUntilClosed(client));
  service.destroy();
  // Linux says EPIPE of a reset which follows a FIN.
  assert.match((await ended) ?? '', /^(?:EPIPE|ECONNRESET)$/);
  assert.equal(proxy.stats.resetByUpstream, 1);
});

test('a service which resets what it has just accepted is no refusal', async (t) => {
  const server = createServer((socket) => socket.resetAndDestroy());
  const proxy = await startProxy(t, await listen(t, server), 1);
  for (let round = 0; round < 10; round += 1) {
    assert.equal(await ending(connect(proxy.port, proxy.host)), 'ECONNRESET');
  }
  assert.equal(proxy.stats.refused, 0);
  assert.equal(proxy.stats.resetByUpstream, 10);
});

async function writeUntilClosed(socket: Socket): Promise<void> {
  while (!socket.destroyed) {
    socket.write('too late');
    await pause(5);
  }
}

test('a refusal becomes a reset of the connection, counted apart', async (t) => {
  // The port of a connected socket: no process listens there, and none can meanwhile.
  const holder = connect(await listen(t, createServer()), '127.0.0.1');
  t.after(() => holder.destroy());
  await once(holder, 'connect');
  assert(holder.localPort !== undefined);

  const proxy = await startProxy(t, holder.localPort, DELAY_MS);
  const since = performance.now();
  const client = connect(proxy.port, proxy.host);
  const ended = ending(client);
  await once(client, 'connect');
  assert.equal(await ended, 'ECONNRESET');
  const took = performance.now() - since;
  assert(took >= 2 * DELAY_MS, `reset after ${took} ms`);
  assert.equal(proxy.stats.refused, 1);
  assert.equal(proxy.stats.resetByUpstream, 0);
});

test('a sender is held back while the receiver does not read, and goes on when it does', async (t) => {
  const total = 96 * 1024 * 1024;
  const block = Buffer.alloc(1024 * 1024, 'x');
  for (const direction of ['bytesToUpstream', 'bytesToClients'] as const) {
    const { proxy, client, service } = await line(t, 1);
    const [sender, receiver] = direction === 'bytesToUpstream' ? [client, service] : [service, client];
    for (let sent = 0; sent < total; sent += block.length) sender.write(block);
    sender.end();

    // Until nothing moves any more. Too short a wait could only let a proxy pass which does not hold back.
    let seen = -1;
    while (proxy.stats[direction] !== seen) {
      seen = proxy.stats[direction];
      await pause(200);
    }
    assert(seen < total, `the proxy took ${seen} bytes`);

    let received = 0;
    receiver.on('data', (chunk) => {
      received += Buffer.byteLength(chunk);
    });
    await once(receiver, 'end');
    assert.equal(received, total);
  }
});

test('kept-alive connections work through it, and every round trip takes twice the delay', async (t) => {
  let connections = 0;
  const server = createHttpServer((request, response) => response.end(request.url));
  server.on('connection', () => {
    connections += 1;
  });
  const proxy = await startProxy(t, await listen(t, server), 10);
  const roundTrips: number[] = [];
  const sentAt: number[] = [];
  const load = startLoad({
    origin: proxy,
    clients: 4,
    connections: 'kept-alive',
    request: (number) => {
      sentAt[number] = performance.now();
      return { method: 'GET', path: `/${number}` };
    },
    check: (response, request) => {
      roundTrips.push(performance.now() - (sentAt[Number(request.path.slice(1))] ?? Number.NaN));
      return response.body.toString() === request.path;
    },
  });
  t.after(() => load.stop());
  await load.answered(40);
  const report = await load.stop();
  assert.equal(report.lost, 0, describeLosses(report));
  assert.equal(report.connectionsOpened, 4);
  assert.equal(connections, 4);
  assert.equal(proxy.stats.connections, 4);
  assert(roundTrips.every((took) => took >= 20));
});

test('close breaks off the connections it holds and stops listening', async (t) => {
  const { proxy, client, service } = await line(t);
  const ended = [ending(client), ending(service)];
  // Both ends of this test are half-open: they answer the proxy's FIN with theirs.
  for (const end of [client, service]) end.on('end', () => end.end());
  // Under way when the proxy closes.
  client.write('never arrives');
  while (proxy.stats.bytesToUpstream === 0) await nextTurn();
  await proxy.close();
  await Promise.all(ended);
  assert.equal(service.bytesRead, 0);

  const refused = connect(proxy.port, proxy.host);
  assert.equal(await ending(refused), 'ECONNREFUSED');
});

test('close leaves nothing behind that would act later', async (t) => {
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  });
  const proxy = await startProxy(t, await listen(t, server), DELAY_MS);
  const client = connect(proxy.port, proxy.host);
  const ended = ending(client);
  while (proxy.stats.connections === 0) await nextTurn();
  // The connection to the service is still to be opened.
  await proxy.close();
  await ended;
  // Too short a wait could only let a proxy pass which does act.
  await pause(3 * DELAY_MS);
  assert.equal(connections, 0);
});
