// WebSockets that a proxy passes on, when its worker drains.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { suite, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../helpers/listen.ts';
import { startReadyService } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

suite('WebSockets through a proxy', () => {
  test("S97: @fastify/http-proxy, a rollout -> the plugin's own ending runs within the grace", async (t) => {
    const upstream = http.createServer();
    const echo = new WebSocketServer({ server: upstream });
    echo.on('connection', (socket) =>
      socket.on('message', (message) => socket.send(message, { binary: false })),
    );
    const service = await startReadyService(t, {
      fixture: 'proxy.js',
      env: { PROXY: '@fastify/http-proxy', UPSTREAM: `http://127.0.0.1:${await listen(t, upstream)}` },
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 100, graceMs: ENDLESS.graceMs } },
    });
    const client = new WebSocket(`ws://127.0.0.1:${await service.port()}/`);
    t.after(() => client.terminate());
    await once(client, 'open');
    client.send('hello');
    assert.equal(String((await once(client, 'message'))[0]), 'hello');
    const closed = once(client, 'close');
    await service.rollOut();
    // The plugin closes without a code, as ever.
    assert.equal((await closed)[0], 1005);
    await service.drained();
    assert.equal(service.lines('worker exited')[0]?.['code'], 0);
  });
});
