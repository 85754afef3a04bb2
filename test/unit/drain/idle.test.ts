// When an idle connection is closed, and when it is not closed yet.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Connections } from '../../../src/drain/connections.ts';
import { IdleCloser } from '../../../src/drain/idle.ts';

suite('S14: closing idle connections', () => {
  test('a connection is closed once it has been idle for idleMs', async (t) => {
    const { client, connections } = await start(t);
    const from = performance.now();
    closeIdle(t, connections, 200);
    await once(client.resume(), 'end');
    assert.ok(performance.now() - from >= 200);
  });

  test('a shorter time closes it sooner, a longer one changes nothing', async (t) => {
    const { client, connections } = await start(t);
    const from = performance.now();
    const idle = closeIdle(t, connections, 600_000);
    idle.shorten(100);
    idle.shorten(600_000);
    await once(client.resume(), 'end');
    assert.ok(performance.now() - from >= 100);
  });

  test('it is put off while the event loop is so busy that its last poll of the network is too old', async (t) => {
    const { client, connections } = await start(t);
    const from = performance.now();
    closeIdle(t, connections, 0);
    // Each turn of the event loop takes longer than the poll may be old.
    let turn = setImmediate(function busy() {
      const until = performance.now() + 2;
      while (performance.now() < until);
      turn = setImmediate(busy);
    });
    t.after(() => clearImmediate(turn));
    // It is put off from one check to the next, each 50 ms, but not for ever.
    await once(client.resume(), 'end');
    assert.ok(performance.now() - from >= 1_000);
  });

  test('a connection with a response in flight is left alone', async (t) => {
    const { client, connections, server } = await start(t);
    const closed = once(client, 'close');
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [, response] = await once(server, 'request');
    closeIdle(t, connections, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    response.end('answered');
    const [answer] = await once(client, 'data');
    assert.match(String(answer), /answered/);
    await closed;
  });
});

function closeIdle(t: TestContext, connections: Connections, idleMs: number): IdleCloser {
  const idle = new IdleCloser(connections, idleMs);
  t.after(() => idle.stop());
  return idle;
}

async function start(
  t: TestContext,
): Promise<{ server: http.Server; client: net.Socket; connections: Connections }> {
  const server = http.createServer();
  const connections = new Connections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  await once(server, 'connection');
  t.after(() => {
    client.destroy();
    server.close();
  });
  return { server, client, connections };
}
