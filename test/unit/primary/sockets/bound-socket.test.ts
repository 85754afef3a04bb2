// A bound socket, on the system as it is.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import { suite, test } from 'node:test';
import { portOf, tcp } from '../../../../src/net/endpoint.ts';
import { adopt, listenOnHandle } from '../../../../src/net/listen-on-handle.ts';
import { bindSocket } from '../../../../src/primary/sockets/bound-socket.ts';

const hasIpv6 = Object.values(os.networkInterfaces())
  .flat()
  .some((address) => address?.family === 'IPv6');

suite('a bound socket', { skip: hasIpv6 ? false : 'this machine has no IPv6' }, () => {
  for (const [ipv6Only, overIpv4] of [
    [true, 'ECONNREFUSED'],
    [false, 'connected'],
  ] as const) {
    test(`ipv6Only: ${ipv6Only} -> over IPv4: ${overIpv4}, over IPv6: connected`, async (t) => {
      const socket = bindSocket(tcp({ host: '::', port: 0, ipv6Only }));
      const port = portOf(socket.endpoint);
      assert.ok(port !== undefined);
      const server = net.createServer((client) => client.end());
      listenOnHandle(server, adopt(socket.fd), 8, undefined);
      await once(server, 'listening');
      t.after(() => server.close());
      assert.deepEqual([await reach('127.0.0.1', port), await reach('::1', port)], [overIpv4, 'connected']);
    });
  }
});

async function reach(host: string, port: number): Promise<unknown> {
  const client = net.connect({ host, port });
  try {
    await once(client, 'connect');
    return 'connected';
  } catch (error) {
    return Reflect.get(Object(error), 'code');
  } finally {
    client.destroy();
  }
}
