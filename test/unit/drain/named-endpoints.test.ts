// Servers that take the name of an endpoint.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { suite, test } from 'node:test';
import type { Opening } from '../../../src/app/listen.ts';
import { FurtherServers } from '../../../src/drain/further-servers.ts';
import { NamedEndpoints } from '../../../src/drain/named-endpoints.ts';

const ORDER = { final: true, idleMs: 10, graceMs: 10_000 } as const;

suite('S100: named endpoints', () => {
  test('a server listens on all sockets of its name, and stops on all of them when it drains', async () => {
    const { endpoints, furtherServers } = create('metrics', 'admin');
    const server = http.createServer((_request, response) => response.end('served'));
    assert.deepEqual(endpoints.untaken, ['metrics', 'admin']);
    await endpoints.listen(server, 'metrics');
    assert.deepEqual(endpoints.untaken, ['admin']);
    assert.equal(PORTS.length, 2);
    for (const port of PORTS) assert.equal(await served(port), 'served');
    await furtherServers.drain(ORDER);
    for (const port of PORTS)
      await assert.rejects(once(net.connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  });

  test('a name that there is not, or that is taken, or a server that is none or listens: errors that say so', async (t) => {
    const { endpoints, furtherServers } = create('metrics', 'admin');
    const server = net.createServer();
    const code = 'FST_CLUSTERED_OPTION_INVALID';
    await assert.rejects(endpoints.listen(server, 'metrix'), {
      code,
      message: /^name is 'metrix'; allowed: the name of an endpoint \(listen\.name\): metrics, admin$/,
    });
    await assert.rejects(endpoints.listen(Object({}), 'metrics'), { code, message: /^server is {}/ });
    await endpoints.listen(server, 'metrics');
    t.after(() => furtherServers.drain(ORDER));
    await assert.rejects(endpoints.listen(net.createServer(), 'metrics'), {
      code,
      message: /no server has taken yet$/,
    });
    await assert.rejects(endpoints.listen(server, 'admin'), { code, message: /that does not listen yet$/ });
    await assert.rejects(create().endpoints.listen(net.createServer(), 'any'), {
      code,
      message: /allowed: nothing: no endpoint has a name \(listen\.name\)$/,
    });
  });

  test('without startClustered any name does, and nothing is listened on', async () => {
    const furtherServers = new FurtherServers();
    const endpoints = new NamedEndpoints({ names: null, furtherServers, openings: async () => [] });
    const server = net.createServer();
    await endpoints.listen(server, 'metrics');
    assert.equal(server.listening, false);
    assert.deepEqual(endpoints.untaken, []);
  });

  test('during the drain it does not begin to listen for long', async () => {
    const { endpoints, furtherServers } = create('metrics');
    const drained = furtherServers.drain(ORDER);
    const server = net.createServer();
    await endpoints.listen(server, 'metrics');
    await furtherServers.closed();
    await drained;
    assert.equal(server.listening, false);
  });
});

async function served(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return response.text();
}

let PORTS: number[] = [];

function create(...names: readonly string[]): {
  readonly endpoints: NamedEndpoints;
  readonly furtherServers: FurtherServers;
} {
  PORTS = [];
  const furtherServers = new FurtherServers();
  const opening = (): Opening => ({
    where: { host: '127.0.0.1', port: 0 },
    backlog: 8,
    isLent: false,
    begin(server) {
      server.once('listening', () => PORTS.push(Object(server.address()).port));
      net.Server.prototype.listen.call(server, { port: 0, host: '127.0.0.1' });
    },
  });
  const openings = async (): Promise<readonly Opening[]> => [opening(), opening()];
  return {
    endpoints: new NamedEndpoints({ names: new Set(names), furtherServers, openings }),
    furtherServers,
  };
}
