// WebSockets and other upgraded connections, when their worker drains.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { WebSocket } from 'ws';
import { GET, endOf, get, open, received } from '../helpers/raw-client.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

const CLIENTS = 30;

const WEB_SOCKET =
  'GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const UPGRADE = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

const TUNNEL = 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n';

suite('plain @fastify/websocket', () => {
  test('S97: a rollout -> every client gets 1012, one after the other over idleMs, and the drain ends with the last', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'web-sockets.js',
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 2_000, graceMs: ENDLESS.graceMs } },
    });
    const clients = await connectAll(service);
    const ends = clients.map((client) => endOfWebSocket(client));
    await service.rollOut();
    const closed = await Promise.all(ends);
    assert.deepEqual([...new Set(closed.map(({ code }) => code))], [1012]);
    const times = closed.map(({ at }) => at);
    assert.ok(Math.max(...times) - Math.min(...times) >= 500, times.join(' '));
    await service.drained();
    assert.equal(service.lines('worker exited')[0]?.['code'], 0);
    // They reach the successor.
    const [client] = await connectAll(service, 1);
    client?.send('hello');
    assert.equal(String((await once(client ?? assert.fail(), 'message'))[0]), 'hello');
  });

  test('S97: in an encapsulated context, too', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'web-sockets.js',
      env: { ENCAPSULATED: 'yes' },
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 100, graceMs: ENDLESS.graceMs } },
    });
    const [client] = await connectAll(service, 1, '/inner/echo');
    const end = endOfWebSocket(client ?? assert.fail());
    await service.rollOut();
    assert.equal((await end).code, 1012);
    await service.drained();
  });

  test('S97: a shutdown -> every client gets 1001, exit 0', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'web-sockets.js',
      options: { workers: 2, shutdown: { idleMs: 200, graceMs: ENDLESS.graceMs } },
    });
    const ends = (await connectAll(service)).map((client) => endOfWebSocket(client));
    assert.equal(await service.stop(), 0);
    assert.deepEqual([...new Set((await Promise.all(ends)).map(({ code }) => code))], [1001]);
  });

  test('S72, S97: workers: 0, SIGTERM -> 1001, exit 0', async (t) => {
    const service = startService(t, {
      fixture: 'web-sockets.js',
      options: {
        workers: 0,
        listen: { port: 0, host: '127.0.0.1' },
        shutdown: { idleMs: 200, graceMs: ENDLESS.graceMs },
      },
    });
    await service.seen('sockets bound');
    const ends = (await connectAll(service)).map((client) => endOfWebSocket(client));
    assert.equal(await service.stop(), 0);
    assert.deepEqual([...new Set((await Promise.all(ends)).map(({ code }) => code))], [1001]);
    assert.equal(service.lines('preClose ran').length, 1);
  });

  test('S97: an upgrade that the app has not answered yet when the drain begins -> it is answered, then 1012', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'web-sockets.js',
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 100, graceMs: ENDLESS.graceMs } },
    });
    const client = new WebSocket(`ws://127.0.0.1:${await service.port()}/late`);
    const message = once(client, 'message');
    const end = endOfWebSocket(client);
    await service.seen('requested');
    await service.rollOut();
    assert.equal(String((await message)[0]), 'late');
    assert.equal((await end).code, 1012);
    await service.drained();
    assert.equal(service.lines('worker exited')[0]?.['code'], 0);
  });

  test('S97: a client that does not answer -> it is cut at graceMs if not before, exit 0', async (t) => {
    const graceMs = 1_000;
    const service = await startReadyService(t, {
      fixture: 'web-sockets.js',
      options: { workers: 1, shutdown: { idleMs: 100, graceMs } },
    });
    const silent = await open(service);
    silent.write(WEB_SOCKET);
    await received(silent, /^HTTP\/1\.1 101/);
    const from = performance.now();
    const ended = endOf(silent);
    assert.equal(await service.stop(), 0);
    await ended;
    assert.ok(performance.now() - from >= graceMs);
  });
});

suite('other upgraded connections', () => {
  for (const [what, request] of [
    ["an app with an own listener for 'upgrade'", UPGRADE],
    ["an app with an own listener for 'connect'", TUNNEL],
  ] as const) {
    test(`S97: ${what} -> its preClose hook runs within the grace, and nobody waits for graceMs`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'upgrade.js',
        // Longer than closeMs: that time has not begun yet.
        env: { END_AFTER_MS: '500' },
        options: {
          workers: 1,
          closeMs: 200,
          rollout: { minReadyMs: 0, idleMs: 100, graceMs: ENDLESS.graceMs },
        },
      });
      const socket = await upgrade(service, request);
      const rest = text(socket);
      await service.rollOut();
      assert.equal(await rest, 'bye');
      await service.drained();
      assert.equal(service.lines('worker exited')[0]?.['code'], 0);
      assert.equal(service.lines('preClose ran').length, 1);
    });
  }

  test('S97: requests are under way beside it -> the app is closed after they are answered', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      env: { END_AFTER_MS: '0' },
      options: { workers: 1, rollout: { minReadyMs: 0, ...ENDLESS } },
    });
    const socket = await upgrade(service, UPGRADE);
    const [slow, kept] = [await open(service), await open(service)];
    kept.write(GET);
    await once(kept, 'data');
    slow.write(get('/draining?ms=800'));
    // The worker has the requests.
    await service.get('/');
    const [answers, again] = [text(slow), text(kept)];
    await service.rollOut();
    assert.match(await answers, /^HTTP\/1\.1 200 OK/);
    // Not a 503: a connection on which a request may come is left, too.
    kept.write(GET);
    assert.match(await again, /^HTTP\/1\.1 200 OK/);
    assert.equal(await text(socket), 'bye');
    await service.drained();
  });

  test('S97: the app does not end it -> it is cut at graceMs, not before, exit 0', async (t) => {
    const graceMs = 1_500;
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      options: { workers: 1, closeMs: 200, shutdown: { idleMs: 100, graceMs } },
    });
    const socket = await upgrade(service, UPGRADE);
    const ended = endOf(socket);
    // A shutdown, because its drain cannot begin before this moment.
    const from = performance.now();
    assert.equal(await service.stop(), 0);
    await ended;
    assert.ok(performance.now() - from >= graceMs);
  });

  test('S97: a response that ignores `signal` beside it -> it is cut at graceMs, not before', async (t) => {
    const graceMs = 1_500;
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      env: { END_AFTER_MS: '0' },
      options: { workers: 1, shutdown: { idleMs: 100, graceMs } },
    });
    const socket = await upgrade(service, UPGRADE);
    const stream = await open(service);
    stream.write(get('/chunks?ms=60000'));
    await once(stream, 'data');
    const ends = [endOf(socket), endOf(stream)];
    const from = performance.now();
    assert.equal(await service.stop(), 0);
    await Promise.all(ends);
    assert.ok(performance.now() - from >= graceMs);
  });
});

async function connectAll(service: Service, count = CLIENTS, path = '/echo'): Promise<readonly WebSocket[]> {
  const url = `ws://127.0.0.1:${await service.port()}${path}`;
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = new WebSocket(url);
      await once(client, 'open');
      return client;
    }),
  );
}

async function endOfWebSocket(client: WebSocket): Promise<{ readonly code: unknown; readonly at: number }> {
  const [code] = await once(client, 'close');
  return { code, at: performance.now() };
}

async function upgrade(service: Service, request: string): Promise<Socket> {
  const socket = await open(service);
  socket.write(request);
  await received(socket, /^HTTP\/1\.1 (?:101|200) .*\r\n\r\n$/s);
  return socket;
}
