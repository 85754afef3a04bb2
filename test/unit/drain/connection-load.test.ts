import assert from 'node:assert/strict';
import { once } from 'node:events';
import type http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import fastify from 'fastify';
import { Connections } from '../../../src/drain/connections.ts';
import { ConnectionLoad } from '../../../src/drain/connection-load.ts';
import { Sessions } from '../../../src/drain/http2.ts';
import { certificate } from '../../fixtures/certificate.js';

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

interface Served {
  readonly load: ConnectionLoad;
  readonly port: number;
}

async function serve(t: TestContext, options: object = {}): Promise<Served> {
  const app = fastify(options);
  app.get('/', async () => 'ok');
  const server: net.Server = app.server;
  server.on('upgrade', (_request: http.IncomingMessage, socket: net.Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const connections = new Connections(server);
  const load = new ConnectionLoad(connections, new Sessions(server, connections));
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => {
    for (const socket of connections.all) socket.destroy();
    return app.close();
  });
  return { load, port: Object(server.address()).port };
}

async function connect(t: TestContext, port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function use(socket: net.Socket): Promise<string> {
  socket.write(GET);
  return String((await once(socket, 'data'))[0]);
}

function look({ load }: Served, times = 1): number {
  for (let time = 0; time < times; time += 1) load.look();
  return load.inUse;
}

suite('connections in use', () => {
  test('one that was used since the last look, or not long ago, counts; one that has fallen idle does not', async (t) => {
    const served = await serve(t);
    const [one, other] = [await connect(t, served.port), await connect(t, served.port)];
    assert.equal(look(served), 0, 'no request has come');
    await Promise.all([use(one), use(other)]);
    assert.equal(look(served), 2);
    assert.equal(look(served, 5), 2);
    await use(one);
    assert.equal(look(served), 1);
    assert.equal(look(served, 6), 0);
  });

  test('one that is closed, or upgraded, does not', async (t) => {
    const served = await serve(t);
    const [closed, upgraded] = [await connect(t, served.port), await connect(t, served.port)];
    await Promise.all([use(closed), use(upgraded)]);
    closed.end();
    await once(closed, 'close');
    upgraded.write(GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'));
    await once(upgraded, 'data');
    upgraded.write('hello');
    await once(upgraded, 'data');
    assert.equal(look(served), 0);
  });

  test('one that carries TLS counts once, and so does a session of HTTP/2, whatever its streams', async (t) => {
    const served = await serve(t, { http2: true, https: { ...certificate, allowHTTP1: true } });
    const secure = tls.connect({ port: served.port, host: '127.0.0.1', rejectUnauthorized: false });
    t.after(() => secure.destroy());
    await once(secure, 'secureConnect');
    await use(secure);
    assert.equal(look(served), 1);
    const session = http2.connect(`https://127.0.0.1:${served.port}`, { rejectUnauthorized: false });
    t.after(() => session.destroy());
    await Promise.all([1, 2, 3].map(() => text(session.request({ ':path': '/' }))));
    assert.equal(look(served), 2);
  });
});

suite('connections that are given back', () => {
  test('the next response says close, and the client gets it whole; the others are kept', async (t) => {
    const served = await serve(t);
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(t, served.port)));
    await Promise.all(clients.map(use));
    look(served);
    served.load.giveBack(3);
    const answers = await Promise.all(clients.map(use));
    for (const answer of answers) assert.match(answer, /ok$/);
    const closing = clients.filter((_, index) => /connection: close/i.test(answers[index] ?? ''));
    assert.equal(closing.length, 3);
    await Promise.all(closing.map(async (client) => client.closed || once(client, 'close')));
    const [kept] = clients.filter((client) => !closing.includes(client));
    assert.match(await use(kept ?? assert.fail()), /connection: keep-alive/i);
  });

  test('twice, before their clients have sent a request: they are the same', async (t) => {
    const served = await serve(t);
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(t, served.port)));
    await Promise.all(clients.map(use));
    look(served);
    served.load.giveBack(2);
    assert.equal(look(served), 4, 'they are still there');
    served.load.giveBack(2);
    const answers = await Promise.all(clients.map(use));
    assert.equal(answers.filter((answer) => /connection: close/i.test(answer)).length, 2);
  });

  test('more than there are in use: all of those, and none that is idle', async (t) => {
    const served = await serve(t);
    const [idle, used] = [await connect(t, served.port), await connect(t, served.port)];
    await use(idle);
    look(served, 7);
    await use(used);
    look(served);
    served.load.giveBack(10);
    assert.match(await use(used), /connection: close/i);
    assert.match(await use(idle), /connection: keep-alive/i);
  });

  test('a session of HTTP/2 ends behind its next answer', async (t) => {
    const served = await serve(t, { http2: true });
    const session = http2.connect(`http://127.0.0.1:${served.port}`);
    t.after(() => session.destroy());
    assert.equal(await text(session.request({ ':path': '/' })), 'ok');
    look(served);
    served.load.giveBack(1);
    const goaway = once(session, 'goaway');
    assert.equal(await text(session.request({ ':path': '/' })), 'ok');
    await goaway;
  });
});
