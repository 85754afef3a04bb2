// A port that is in use is waited for, within a time.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { tcp } from '../../../../src/net/endpoint.ts';
import { bindOnceFree } from '../../../../src/primary/sockets/once-free.ts';

suite('bindOnceFree', () => {
  test('S101: a port in use -> it says so once, waits, and binds when the port is free', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = tcp({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    const waiting: unknown[] = [];
    const begun = performance.now();
    const [socket] = await bindOnceFree([endpoint], {
      timeoutMs: 600_000,
      waiting(endpoints) {
        waiting.push(endpoints);
        setTimeout(() => server.close(), 300);
      },
    });
    assert.ok(performance.now() - begun >= 300);
    assert.deepEqual(socket?.endpoint, endpoint);
    socket?.close();
    assert.deepEqual(waiting, [[endpoint]]);
  });

  test('S101: it stays in use -> the error comes after the time, not before, and says how long it was waited for', async (t) => {
    const server = net.createServer().listen(0, '127.0.0.1');
    t.after(() => void server.close());
    await once(server, 'listening');
    const endpoint = tcp({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    const begun = performance.now();
    await assert.rejects(bindOnceFree([endpoint], { timeoutMs: 200, waiting: () => undefined }), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /the port is in use; .*; it did not become free within 200 ms \(listen\.timeoutMs\)$/,
    });
    assert.ok(performance.now() - begun >= 200);
    await assert.rejects(bindOnceFree([endpoint], { timeoutMs: 0, waiting: () => assert.fail('it waits') }), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /\(listen\.port, PORT\)$/,
    });
  });

  test('S101: any other failure is an error at once', async () => {
    // TEST-NET-1, which no machine has: RFC 5737.
    const endpoint = tcp({ host: '192.0.2.1', port: 3000 });
    await assert.rejects(
      bindOnceFree([endpoint], { timeoutMs: 600_000, waiting: () => assert.fail('it waits') }),
      {
        code: 'FST_CLUSTERED_LISTEN_FAILED',
      },
    );
  });
});
