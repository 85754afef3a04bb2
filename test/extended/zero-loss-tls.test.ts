// The promise over HTTPS: rollouts under load, with clients that never retry, lose no request; and all workers killed cost what they
// had accepted.
import { suite, test } from 'node:test';
import { client } from '../fixtures/certificate.js';
import { assertAllKilledUnderLoad } from '../helpers/all-killed.ts';
import { startDelayingProxy } from '../helpers/delaying-proxy.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

type TestContext = Parameters<typeof startReadyService>[0];

const INSECURE = { servername: 'localhost', rejectUnauthorized: false } as const;

function start(t: TestContext, server: object, rollout: object = GENEROUS): Promise<Service> {
  return startReadyService(t, {
    fixture: 'tls.js',
    env: { SERVER: JSON.stringify(server) },
    options: { rollout, respawn: { backoff: { initialMs: 10, maxMs: 50 } } },
  });
}

suite('zero loss over TLS', () => {
  for (const [what, server, tls] of [
    ['HTTPS', {}, INSECURE],
    [
      'HTTPS with client certificates, SNI and ALPN',
      { mutual: true, sni: 'callback', alpn: ['http/1.1'] },
      { ...INSECURE, ...client, servername: 'other.test', ALPNProtocols: ['http/1.1'] },
    ],
    // Clients that do not know HTTP/2 get HTTP/1.1 from the same server.
    ['HTTP/1.1 of a server of HTTP/2 with allowHTTP1', { http2: true }, INSECURE],
  ] as const)
    test(`S20: ${what}, fresh and kept-alive connections, GET and POST of 16 KB, two rollouts -> 0 lost`, async (t) => {
      const service = await start(t, server);
      const load = { origin: await service.origin(), tls };
      const loads = startLoads(
        { ...getOrPost, ...load, connections: 'fresh', clients: 6 },
        { ...getOrPost, ...load, clients: 16 },
      );
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(100);
        await service.rollOut();
        await service.drained();
      }
      await loads.more(100);
      for (const report of await loads.stop()) assertNothingLost(report);
    });

  for (const delayMs of [10, 40])
    test(`S20: HTTPS through a proxy that delays ${delayMs} ms each way, two rollouts -> 0 lost`, async (t) => {
      const service = await start(t, {}, { minReadyMs: 200, idleMs: 1_000 });
      const proxy = await startDelayingProxy({ upstream: await service.origin(), delayMs });
      t.after(() => proxy.close());
      const load = { ...getOrPost, origin: proxy, tls: INSECURE, clients: 16 };
      const loads = startLoads(
        load,
        { ...load, connections: 'fresh', clients: 6 },
        // Pauses well below idleMs: at a distance, a request after a pause of about idleMs can cross the close.
        { ...load, thinkMs: (random) => 300 * random() },
      );
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(100);
        await service.rollOut();
      }
      await service.drained();
      for (const report of await loads.stop()) assertNothingLost(report);
    });

  test('S27: all workers are killed under load over HTTPS -> none refused, none hung', async (t) => {
    const service = await start(t, {});
    const load = { origin: await service.origin(), tls: INSECURE };
    const loads = startLoads(
      { ...load, connections: 'kept-alive', clients: 16 },
      { ...load, connections: 'fresh', clients: 6 },
    );
    await assertAllKilledUnderLoad(service, loads, 16);
  });
});
