// Binding to several addresses: on one port, to all that the machine has, or to none.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { tcp } from '../../../../src/net/endpoint.ts';
import type { TcpEndpoint } from '../../../../src/net/endpoint.ts';
import { bind } from '../../../../src/primary/sockets/bind.ts';
import type { BoundSocket } from '../../../../src/primary/sockets/bound-socket.ts';

suite('bind', () => {
  test('S29: a port in use is an error that names the address', async (t) => {
    const port = await listenOn(t, '127.0.0.1');
    assert.throws(
      () => bind(on(port, '127.0.0.1')),
      (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 'FST_CLUSTERED_LISTEN_FAILED');
        assert.equal(Reflect.get(Object(error.cause), 'code'), 'EADDRINUSE');
        assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: the port is in use`));
        return true;
      },
    );
  });

  test('several addresses share one free port', () => {
    const [first, second] = bound(on(0, '127.0.0.1', '127.0.0.2'));
    assert.ok(first !== undefined && first.port > 0);
    assert.deepEqual(second, tcp({ host: '127.0.0.2', port: first.port }));
  });

  for (const [what, port, failures, attempts] of [
    [
      'any port: another process has the chosen one on the second address -> both are bound again, elsewhere',
      0,
      2,
      3,
    ],
    ['any port: it never works -> the error, after ten attempts', 0, Infinity, 10],
    ['a given port: in use on the second address -> the error at once', 3_000, 1, 1],
  ] as const) {
    test(what, () => {
      const tried: TcpEndpoint[] = [];
      let open = 0;
      const bindFake = (endpoint: TcpEndpoint): BoundSocket => {
        tried.push(endpoint);
        const isSecond = endpoint.host === '127.0.0.2';
        if (isSecond && tried.filter(({ host }) => host === endpoint.host).length <= failures)
          throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
        open += 1;
        const given = { ...endpoint, port: endpoint.port || 40_000 + tried.length };
        return { endpoint: given, fd: 0, close: () => void (open -= 1) };
      };
      const run = (): readonly BoundSocket[] => bind(on(port, '127.0.0.1', '127.0.0.2'), 0, bindFake);
      if (attempts > failures) assert.equal(new Set(run().map(({ endpoint }) => endpoint.port)).size, 1);
      else assert.throws(run, { code: 'FST_CLUSTERED_LISTEN_FAILED' });
      assert.equal(tried.filter(({ host }) => host === '127.0.0.2').length, attempts);
      assert.equal(open, attempts > failures ? 2 : 0);
    });
  }

  test('one of the addresses is enough, if the machine has no other', () => {
    // TEST-NET-1, which no machine has (RFC 5737), stands for ::1 in a container without IPv6.
    for (const hosts of [
      ['192.0.2.1', '127.0.0.1'],
      ['127.0.0.1', '192.0.2.1'],
    ]) {
      assert.deepEqual(
        bound(on(0, ...hosts)).map(({ host }) => host),
        ['127.0.0.1'],
      );
    }
    assert.throws(() => bind(on(0, '192.0.2.1')), { code: 'FST_CLUSTERED_LISTEN_FAILED' });
  });

  test('a port in use on one of the addresses is an error, and the others are released again', async (t) => {
    const port = await listenOn(t, '127.0.0.2');
    assert.throws(() => bind(on(port, '127.0.0.1', '127.0.0.2')), { code: 'FST_CLUSTERED_LISTEN_FAILED' });
    assert.equal(bound(on(port, '127.0.0.1')).length, 1);
  });
});

function on(port: number, ...hosts: readonly string[]): readonly TcpEndpoint[] {
  return hosts.map((host) => tcp({ host, port }));
}

/** Where the sockets were bound. They are closed again. */
function bound(endpoints: readonly TcpEndpoint[]): readonly TcpEndpoint[] {
  const sockets = bind(endpoints);
  for (const socket of sockets) socket.close();
  return sockets.map(({ endpoint }) => endpoint);
}

/** A foreign server on a free port of this host. Returns the port. */
async function listenOn(t: { after(hook: () => void): void }, host: string): Promise<number> {
  const server = net.createServer().listen(0, host);
  t.after(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
