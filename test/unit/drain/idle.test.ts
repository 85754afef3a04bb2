// When an idle connection is closed, and when not yet.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Connections } from '../../../src/drain/connections.ts';
import { IdleReaper } from '../../../src/drain/idle.ts';

suite('S14: closing what is idle', () => {
  test('it is closed once it has been idle for idleMs', async (t) => {
    const { client, connections } = await start(t);
    const from = performance.now();
    reap(t, connections, 200);
    await once(client.resume(), 'end');
    assert.ok(performance.now() - from >= 200);
  });

  test('a loop whose looks at the network are old when they are acted upon puts it off', async (t) => {
    const { client, connections } = await start(t);
    const from = performance.now();
    reap(t, connections, 0);
    // Each turn of the loop is busy for longer than a look may be old.
    let turn = setImmediate(function busy() {
      const until = performance.now() + 2;
      while (performance.now() < until);
      turn = setImmediate(busy);
    });
    t.after(() => clearImmediate(turn));
    // It is put off from one sweep to the next, each 50 ms; but not for ever.
    await once(client.resume(), 'end');
    assert.ok(performance.now() - from >= 1_000);
  });

  test('one that is answering is left alone', async (t) => {
    const { client, connections, server } = await start(t);
    const closed = once(client, 'close');
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [, response] = await once(server, 'request');
    reap(t, connections, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    response.end('answered');
    const [answer] = await once(client, 'data');
    assert.match(String(answer), /answered/);
    await closed;
  });
});

function reap(t: TestContext, connections: Connections, idleMs: number): void {
  const reaper = new IdleReaper(connections, idleMs);
  t.after(() => reaper.stop());
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
