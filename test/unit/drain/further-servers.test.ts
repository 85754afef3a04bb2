// Servers that the app opens beside its own: each is drained like it, and then closed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { FurtherServers } from '../../../src/drain/further-servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const NOTHING = { requests: 0, upgraded: 0 };

/** A drain that ends with its requests: if it waited for one of these, it would outlast the test. */
const ENDLESS = { final: false, idleMs: 600_000, graceMs: 600_000 } as const;

/** TLS without a certificate. */
const ANONYMOUS = { ciphers: 'AECDH-AES256-SHA@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;

const answer: http.RequestListener = (_request, response) => void response.end('served');

suite('S100: further servers', () => {
  test('HTTP/1.1: the next response has Connection: close, what is idle is closed after idleMs, then the server is', async (t) => {
    const { servers, server } = await start(t, http.createServer(answer));
    const busy = await open(t, server);
    busy.write(GET);
    await once(busy, 'data');
    const idle = await open(t, server);
    const drained = servers.drain(ENDLESS);
    await assert.rejects(open(t, server), { code: 'ECONNREFUSED' });
    const rest = text(busy);
    busy.write(GET);
    assert.match(await rest, /^HTTP\/1\.1 200 OK[^]*connection: close[^]*served$/i);
    assert.equal(idle.readyState, 'open');
    // A later order can only shorten the time.
    void servers.drain({ ...ENDLESS, idleMs: 50 });
    void servers.drain(ENDLESS);
    assert.equal(await text(idle), '');
    assert.deepEqual(await drained, NOTHING);
    assert.equal(server.listening, false);
  });

  test('a response in flight is whole; then the app may close the server once more', async (t) => {
    const { servers, server } = await start(t, http.createServer());
    const client = await open(t, server);
    client.write(GET);
    const [, response] = await once(server, 'request');
    const drained = servers.drain({ ...ENDLESS, idleMs: 0 });
    response.write('beginning ');
    response.end('and end');
    assert.match(await text(client), /beginning[^]*and end/);
    assert.deepEqual(await drained, NOTHING);
    await promisify(server.close.bind(server))();
  });

  test('HTTPS: the same', async (t) => {
    const { servers, server } = await start(t, https.createServer(ANONYMOUS, answer));
    const client = await openEncrypted(t, server);
    client.write(GET);
    await once(client, 'data');
    const drained = servers.drain(ENDLESS);
    const rest = text(client);
    client.write(GET);
    assert.match(await rest, /^HTTP\/1\.1 200 OK[^]*connection: close/i);
    assert.deepEqual(await drained, NOTHING);
  });

  test('HTTP/2: the stream in progress is answered', async (t) => {
    const { servers, server } = await start(t, http2.createServer());
    const client = http2.connect(`http://127.0.0.1:${portOf(server)}`);
    t.after(() => client.destroy());
    const request = client.request({ ':path': '/' });
    const [stream] = await once(server, 'stream');
    const drained = servers.drain({ ...ENDLESS, idleMs: 50 });
    stream.respond({ ':status': 200 });
    stream.end('served');
    assert.equal(await text(request), 'served');
    assert.deepEqual(await drained, NOTHING);
  });

  test('another protocol: connections are the app’s to end, and are not idle', async (t) => {
    const { servers, server } = await start(t, net.createServer());
    const connected = once(server, 'connection');
    const client = await open(t, server);
    const [accepted] = await connected;
    const drained = servers.drain({ ...ENDLESS, idleMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    accepted.write('late');
    assert.equal(String((await once(client, 'data'))[0]), 'late');
    accepted.end();
    assert.deepEqual(await drained, NOTHING);
  });

  test('final: what waits in the kernel’s queue is accepted first', async (t) => {
    const { servers, server } = await start(t, http.createServer(answer));
    const clients = Array.from({ length: 50 }, () => net.connect(portOf(server), '127.0.0.1'));
    const answers = clients.map(async (client) => {
      client.write(GET);
      return text(client);
    });
    // They are connected in the next tick, and accepted one in a poll phase.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const drained = servers.drain({ ...ENDLESS, final: true, idleMs: 50 });
    for (const each of await Promise.all(answers)) assert.match(each, /200 OK/);
    assert.deepEqual(await drained, NOTHING);
  });

  test('one that does not listen yet stops when it does', async (t) => {
    const servers = new FurtherServers();
    const server = http.createServer(answer);
    servers.add(server);
    t.after(() => void server.close());
    assert.deepEqual(await servers.drain(ENDLESS), NOTHING);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    assert.equal(server.listening, false);
  });

  test('one that is added during the drain drains at once, and is waited for', async (t) => {
    const servers = new FurtherServers();
    assert.deepEqual(await servers.drain(ENDLESS), NOTHING);
    const server = await listen(t, http.createServer());
    servers.add(server);
    await assert.rejects(open(t, server), { code: 'ECONNREFUSED' });
    assert.deepEqual(await servers.closed(), NOTHING);
  });

  test('one that is added during the drain is waited for by a wait that has begun', async (t) => {
    const { servers, server } = await start(t, http.createServer());
    const client = await open(t, server);
    client.write(GET);
    const [, response] = await once(server, 'request');
    const drained = servers.drain(ENDLESS);
    const other = await listen(t, http.createServer());
    servers.add(other);
    response.end();
    assert.deepEqual(await drained, NOTHING);
    assert.equal(other.listening, false);
  });

  test('one that is taken back serves on; during the drain it is too late for that', async (t) => {
    const { servers, server } = await start(t, http.createServer(answer));
    const other = await listen(t, http.createServer(answer));
    const [takeBack, takeOtherBack] = [servers.add(server), servers.add(other)];
    takeBack();
    const drained = servers.drain(ENDLESS);
    takeOtherBack();
    assert.deepEqual(await drained, NOTHING);
    assert.deepEqual([server.listening, other.listening], [true, false]);
  });

  test('what is no server is an error that says what is meant', () => {
    const given: unknown = { server: http.createServer() };
    assert.throws(() => new FurtherServers().add(given as net.Server), {
      code: 'FST_CLUSTERED_OPTION_INVALID',
      message: /Fastify instance, its property `server`/,
    });
  });
});

suite('S98: further servers whose grace is over', () => {
  test('what is left is cut, at graceMs and not before, and counted once', async (t) => {
    const servers = new FurtherServers();
    const server = await listen(t, http.createServer());
    servers.add(server);
    const plain = await listen(t, net.createServer());
    servers.add(plain);
    servers.add(plain);
    const clients = [await open(t, server), await open(t, plain)];
    clients[0]?.write(GET);
    await once(server, 'request');
    const ends = clients.map((client) =>
      once(
        client.resume().on('error', () => undefined),
        'close',
      ),
    );
    const from = performance.now();
    const drained = servers.drain({ ...ENDLESS, graceMs: 300 });
    assert.deepEqual(await drained, { requests: 1, upgraded: 1 });
    assert.ok(performance.now() - from >= 299);
    await Promise.all(ends);
    assert.deepEqual(await servers.closed(), { requests: 1, upgraded: 1 });
    assert.equal(server.listening, false);
  });

  test('over TLS a connection has two sockets, and is counted once', async (t) => {
    const { servers, server } = await start(t, tls.createServer(ANONYMOUS));
    const client = await openEncrypted(t, server);
    client.on('error', () => undefined);
    const drained = servers.drain({ ...ENDLESS, graceMs: 50 });
    assert.deepEqual(await drained, { requests: 0, upgraded: 1 });
  });

  test('Infinity is no limit', async (t) => {
    const { servers, server } = await start(t, http.createServer());
    const client = await open(t, server);
    client.write(GET);
    const [, response] = await once(server, 'request');
    const drained = servers.drain({ ...ENDLESS, graceMs: Infinity });
    await new Promise((resolve) => setTimeout(resolve, 100));
    response.end('whole');
    assert.match(await text(client), /whole/);
    assert.deepEqual(await drained, NOTHING);
  });
});

async function start<Server extends net.Server>(
  t: TestContext,
  server: Server,
): Promise<{ readonly servers: FurtherServers; readonly server: Server }> {
  const servers = new FurtherServers();
  servers.add(server);
  return { servers, server: await listen(t, server) };
}

async function listen<Server extends net.Server>(t: TestContext, server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  ports.set(server, address.port);
  return server;
}

/** Of servers that do not listen any more, too. */
const ports = new WeakMap<net.Server, number>();

function portOf(server: net.Server): number {
  const port = ports.get(server);
  assert.ok(port !== undefined);
  return port;
}

async function open(t: TestContext, server: net.Server): Promise<net.Socket> {
  const client = net.connect(portOf(server), '127.0.0.1');
  t.after(() => void client.destroy());
  await Promise.all([once(client, 'connect'), once(server, 'connection')]);
  return client;
}

async function openEncrypted(t: TestContext, server: net.Server): Promise<tls.TLSSocket> {
  const client = tls.connect({
    ...ANONYMOUS,
    port: portOf(server),
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  t.after(() => void client.destroy());
  await Promise.all([once(client, 'secureConnect'), once(server, 'secureConnection')]);
  return client;
}
