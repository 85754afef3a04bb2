// A further address of an app: its connections are set up as those of the app's own server are.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { suite, test } from 'node:test';
import fastify from 'fastify';
import { listenWithApp } from '../../../src/app/listen.ts';
import type { Opening } from '../../../src/app/listen.ts';

const OPTIONS = { noDelay: false, keepAlive: true, keepAliveInitialDelay: 4_000, highWaterMark: 12_345 };

suite('a further address', () => {
  test('its connections get the options of the app, and reach the app', async (t) => {
    const app = fastify({ serverFactory: (handler) => http.createServer(OPTIONS, handler) });
    app.get('/', async (request) => request.raw.socket.readableHighWaterMark);
    await app.ready();
    const [, also] = await listenWithApp(app, [at(0), at(0)]);
    t.after(() => app.close());
    assert.ok(also !== undefined);
    const { server } = also;
    t.after(() => server.close());
    // Node keeps the options in fields of the server, and goes by these at each connection.
    for (const name of ['allowHalfOpen', ...Object.keys(OPTIONS)])
      assert.equal(Reflect.get(server, name), Reflect.get(app.server, name), name);
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const response = await fetch(`http://127.0.0.1:${address.port}/`, { headers: { connection: 'close' } });
    assert.equal(await response.text(), String(OPTIONS.highWaterMark));
  });

  test('a port in use rejects, and nothing is listened on any more', async (t) => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const app = fastify();
    t.after(() => app.close());
    const { port } = Object(taken.address());
    await assert.rejects(listenWithApp(app, [at(0), at(0), at(port)]), { code: 'EADDRINUSE' });
    assert.equal(app.server.listening, false);
    await assert.rejects(listenWithApp(fastify(), [at(port)]), { code: 'EADDRINUSE' });
  });
});

function at(port: number): Opening {
  const where = { host: '127.0.0.1', port };
  return {
    where,
    backlog: 1,
    isLent: false,
    begin: (server) => void net.Server.prototype.listen.call(server, where),
  };
}
