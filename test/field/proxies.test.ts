// Real proxies as the app. They copy the headers of an upstream that keeps its connections alive.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { rollTwiceUnderLoad } from '../helpers/drains-with-requests.ts';
import { startReadyService } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

suite('proxies over an upstream that keeps connections alive', () => {
  for (const proxy of ['@fastify/reply-from', '@fastify/http-proxy', 'http-proxy']) {
    test(`S95: ${proxy}, two rollouts under load -> 0 lost, and each drain ends with its requests`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'proxy.js',
        env: { PROXY: proxy, UPSTREAM: await startUpstream(t) },
        options: { rollout: { ...ENDLESS, minReadyMs: 100 } },
      });
      // The proxy does pass on the header of the upstream while the worker does not drain.
      assert.equal((await service.get('/')).headers['keep-alive'], 'timeout=72');
      await rollTwiceUnderLoad(service, (number) => ({
        method: 'GET',
        path: `/${number % 2 === 0 ? '' : 'chunked'}`,
      }));
    });
  }
});

async function startUpstream(t: TestContext): Promise<string> {
  const server = http.createServer((request, response) => {
    const length = request.url === '/' ? { 'Content-Length': 2 } : {};
    response.writeHead(200, { Connection: 'keep-alive', 'Keep-Alive': 'timeout=72', ...length });
    response.write('o');
    response.end('k');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
