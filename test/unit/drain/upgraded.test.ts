// Which connections count as upgraded, and which do not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import tls from 'node:tls';
import { Connections } from '../../../src/drain/connections.ts';
import { areUpgraded, untilUpgraded } from '../../../src/drain/upgraded.ts';
import { certificate } from '../../fixtures/certificate.js';

const UPGRADE = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const CONNECT = 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

suite('S97: upgraded connections', () => {
  for (const isTls of [false, true]) {
    const over = isTls ? 'over TLS' : 'over TCP';

    for (const [what, request] of [
      ['an upgrade', UPGRADE],
      ['a tunnel (CONNECT)', CONNECT],
    ] as const) {
      test(`${what} ${over}, once the app has answered`, async (t) => {
        const { server, connections, open } = await start(t, isTls);
        const client = await open();
        const asked = Promise.race([once(server, 'upgrade'), once(server, 'connect')]);
        client.write(request);
        const [, socket] = await asked;
        // The app may ask others first whether it may.
        assert.equal(areUpgraded(connections.all), false);
        const answered = once(client, 'data');
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        await answered;
        assert.equal(areUpgraded(connections.all), true);
      });
    }

    test(`${over} a response that lasts, and an idle connection, are none`, async (t) => {
      const { server, connections, open } = await start(t, isTls);
      server.on('request', (request, response) => {
        response.write('data: it lasts\n\n');
        if (request.url === '/') response.end();
      });
      const upgraded = await open();
      server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
      upgraded.write(UPGRADE);
      await once(upgraded, 'data');
      assert.equal(areUpgraded(connections.all), true);
      for (const request of [GET, GET.replace('/', '/events')]) {
        const client = await open();
        assert.equal(areUpgraded(connections.all), false);
        client.write(request);
        await once(client, 'data');
        assert.equal(areUpgraded(connections.all), false);
        const closed = once(connections.newest ?? client, 'close');
        client.destroy();
        await closed;
      }
    });
  }

  test('they are not left to the app while the drain itself closes WebSockets', async (t) => {
    const { server, connections, open } = await start(t, false);
    const client = await open();
    server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    client.write(UPGRADE);
    await once(client, 'data');
    const webSockets = { areClosed: false };
    const settled: string[] = [];
    const { signal } = new AbortController();
    const left = untilUpgraded(connections, webSockets, signal).then(() => settled.push('left to the app'));
    // Longer than it takes to look twice.
    await setTimeout(120);
    assert.deepEqual(settled, []);
    webSockets.areClosed = true;
    await left;
  });

  test('a session of HTTP/2 is none', async (t) => {
    const server = http2.createServer((_request, response) => response.end('answered'));
    const { connections, port } = await listen(t, server);
    const client = http2.connect(`http://127.0.0.1:${port}`);
    t.after(() => client.destroy());
    await once(client.request().resume(), 'end');
    assert.equal(connections.all.length, 1);
    assert.equal(areUpgraded(connections.all), false);
  });
});

interface Started {
  readonly server: http.Server;
  readonly connections: Connections;
  open(): Promise<net.Socket>;
}

async function start(t: TestContext, isTls: boolean): Promise<Started> {
  const server = isTls ? https.createServer(certificate) : http.createServer();
  server.on('upgrade', () => undefined);
  server.on('connect', () => undefined);
  const { connections, port } = await listen(t, server);
  return {
    server,
    connections,
    async open() {
      const client = isTls
        ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
        : net.connect(port, '127.0.0.1');
      t.after(() => client.destroy());
      await once(server, isTls ? 'secureConnection' : 'connection');
      return client;
    },
  };
}

async function listen(
  t: TestContext,
  server: net.Server,
): Promise<{ readonly connections: Connections; readonly port: number }> {
  const connections = new Connections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of connections.all) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { connections, port: address.port };
}
