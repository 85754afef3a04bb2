// The clients of @fastify/websocket are closed: when, with which code, and what becomes of one that does not answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import websocket from '@fastify/websocket';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { webSocketServersOf } from '../../../src/drain/web-socket-servers.ts';
import { WebSockets } from '../../../src/drain/web-sockets.ts';

const ROLLOUT = { final: false, idleMs: 1_000, graceMs: 60_000 };
const SHUTDOWN = { final: true, idleMs: 1_000, graceMs: 60_000 };

suite('S97: the clients of @fastify/websocket are closed', () => {
  test('one after the other, over the whole of idleMs', async (t) => {
    const { clock, clients, webSockets } = start(t, 1_000);
    webSockets.close(ROLLOUT);
    const closed: number[] = [];
    for (let ms = 0; ms < 1_000; ms += 100) {
      closed.push(clients.filter(({ codes }) => codes.length > 0).length);
      clock.pass(100);
    }
    // Twenty standard deviations around what is due by then.
    for (const [index, count] of closed.entries())
      assert.ok(Math.abs(count - index * 100) < 300, closed.join(' '));
    clock.pass(50);
    assert.ok(clients.every(({ codes }) => codes.length === 1 && codes[0] === 1012));
  });

  test('with 1012 while other workers serve on, with 1001 when none does any more', (t) => {
    const { clock, clients, webSockets } = start(t, 50);
    webSockets.close(ROLLOUT);
    clock.pass(500);
    const before = clients.filter(({ codes }) => codes.length > 0);
    webSockets.close(SHUTDOWN);
    clock.pass(500);
    for (const client of clients) assert.deepEqual(client.codes, [before.includes(client) ? 1012 : 1001]);
  });

  test('sooner if a later order says so, and never later', (t) => {
    const { clock, clients, webSockets } = start(t, 50);
    webSockets.close({ ...ROLLOUT, idleMs: 60_000 });
    webSockets.close({ ...SHUTDOWN, idleMs: 100 });
    webSockets.close({ ...SHUTDOWN, idleMs: 60_000 });
    clock.pass(100);
    assert.ok(clients.every(({ codes }) => codes.length === 1));
  });

  test('in the first half of the grace, so that the last one has time to answer', (t) => {
    const { clock, clients, webSockets } = start(t, 50);
    webSockets.close({ ...ROLLOUT, idleMs: 1_000, graceMs: 1_000 });
    clock.pass(500);
    assert.ok(clients.every(({ codes }) => codes.length === 1));
  });

  test('also those that connect later', (t) => {
    const { clock, connect, webSockets } = start(t, 0);
    webSockets.close(ROLLOUT);
    clock.pass(5_000);
    assert.equal(webSockets.areClosed, true);
    const late = connect();
    assert.equal(webSockets.areClosed, false);
    clock.pass(1_050);
    assert.deepEqual(late.codes, [1012]);
  });

  test('one that does not answer is terminated', (t) => {
    const { clock, clients, webSockets } = start(t, 1);
    webSockets.close({ ...ROLLOUT, idleMs: 0 });
    clock.pass(4_900);
    assert.deepEqual([clients[0]?.codes, clients[0]?.isTerminated], [[1012], false]);
    clock.pass(200);
    assert.equal(clients[0]?.isTerminated, true);
    assert.equal(webSockets.areClosed, true);
  });

  test('one that still reads what was sent before is not', (t) => {
    const { clock, clients, webSockets } = start(t, 1);
    const [client] = clients;
    assert.ok(client);
    client.bufferedAmount = 1_000;
    webSockets.close({ ...ROLLOUT, idleMs: 0 });
    for (; client.bufferedAmount > 0; client.bufferedAmount -= 100) clock.pass(4_000);
    assert.equal(client.isTerminated, false);
    clock.pass(5_100);
    assert.equal(client.isTerminated, true);
  });

  test('one that the app itself closes keeps its code, and is terminated if it does not answer', (t) => {
    const { clock, clients, webSockets } = start(t, 1);
    clients[0]?.close(4_000);
    webSockets.close({ ...ROLLOUT, idleMs: 0 });
    clock.pass(5_100);
    assert.deepEqual([clients[0]?.codes, clients[0]?.isTerminated], [[4_000], true]);
  });

  test('none any more when the drain is over', (t) => {
    const { clock, connect, webSockets } = start(t, 0);
    webSockets.close(ROLLOUT);
    const late = connect();
    webSockets.stop();
    clock.pass(10_000);
    assert.deepEqual(late.codes, []);
  });
});

suite('S97: the servers of @fastify/websocket are found', () => {
  for (const [where, register] of [
    [
      'on the app',
      async (app: FastifyInstance) => {
        await app.register(websocket);
      },
    ],
    [
      'in an encapsulated context',
      async (app: FastifyInstance) =>
        void app.register(async (outer) => {
          outer.register(async (inner) => {
            await inner.register(websocket);
          });
        }),
    ],
  ] as const) {
    test(where, async (t) => {
      const app = fastify();
      t.after(() => app.close());
      await register(app);
      // Contexts beside and below it inherit, or have nothing.
      app.register(async (other) => void other.register(async () => undefined));
      await app.ready();
      const [server, ...others] = webSocketServersOf(app);
      assert.ok(server);
      assert.deepEqual(others, []);
      assert.equal(server.clients.size, 0);
    });
  }

  test('an app without one, or with something else of that name, has none', async (t) => {
    const app = fastify();
    t.after(() => app.close());
    app.decorate<unknown>('websocketServer', { clients: [] });
    await app.ready();
    assert.deepEqual(webSocketServersOf(app), []);
  });

  test('and their clients are what ws says they are', async (t) => {
    const app = fastify();
    await app.register(websocket);
    app.get('/', { websocket: true }, () => undefined);
    await app.listen({ port: 0, host: '127.0.0.1' });
    t.after(() => app.close());
    const address = app.server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const socket = new WebSocket(`ws://127.0.0.1:${address.port}/`);
    await once(socket, 'open');
    const webSockets = new WebSockets(app);
    t.after(() => webSockets.stop());
    webSockets.close({ ...ROLLOUT, idleMs: 0 });
    assert.equal(webSockets.areClosed, false);
    const [code] = await once(socket, 'close');
    assert.equal(code, 1012);
  });
});

/** What the drain needs of a client. It never answers. */
class SilentClient {
  readyState = 1;
  bufferedAmount = 0;
  isTerminated = false;
  readonly codes: number[] = [];
  readonly #gone: (client: SilentClient) => void;

  constructor(gone: (client: SilentClient) => void) {
    this.#gone = gone;
  }

  close(code: number): void {
    this.codes.push(code);
    this.readyState = 2;
  }

  terminate(): void {
    this.isTerminated = true;
    this.readyState = 3;
    this.#gone(this);
  }
}

interface Started {
  readonly clock: { pass(ms: number): void };
  readonly clients: readonly SilentClient[];
  readonly webSockets: WebSockets;
  connect(): SilentClient;
}

/** An app with that many clients, and a clock that only the test moves. */
function start(t: TestContext, count: number): Started {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const tracked = new Set<SilentClient>();
  const connect = (): SilentClient => {
    const client = new SilentClient((gone) => tracked.delete(gone));
    tracked.add(client);
    return client;
  };
  const clients = Array.from({ length: count }, connect);
  const app = fastify();
  app.decorate<unknown>('websocketServer', { clients: tracked, handleUpgrade: () => undefined });
  return {
    clients,
    connect,
    webSockets: new WebSockets(app),
    clock: {
      pass(ms) {
        for (const until = now + ms; now < until;) {
          const step = Math.min(50, until - now);
          now += step;
          t.mock.timers.tick(step);
        }
      },
    },
  };
}
