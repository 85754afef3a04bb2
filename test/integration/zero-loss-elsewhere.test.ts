// The promise on other ways to the service, and on other ways to replace a worker: through a distant proxy, over TLS and HTTP/2, over
// several addresses, by a SIGTERM to one worker.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { startDelayingProxy } from '../helpers/delaying-proxy.ts';
import { assertNothingLostOverHttp2, startHttp2Load } from '../helpers/http2-load.ts';
import { startLoad } from '../helpers/load-client.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import { countResumed, openSessions } from '../helpers/tls-client.ts';

/** The defaults of rollouts, but with a shorter minReadyMs. */
const ROLLOUT = { minReadyMs: 200, idleMs: 1_000 } as const;

suite('zero loss on other ways', () => {
  for (const delayMs of [10, 40]) {
    test(`S1, S2: through a proxy that delays ${delayMs} ms each way, two rollouts -> 0 lost`, async (t) => {
      const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
      const proxy = await startDelayingProxy({ upstream: await service.origin(), delayMs });
      t.after(() => proxy.close());
      const load = { origin: proxy, clients: 24 };
      const loads = startLoads(
        { connections: 'fresh', ...load },
        { ...getOrPost, ...load },
        // Pauses well below idleMs: at a distance, a request after a pause of about idleMs can cross the close.
        { ...getOrPost, ...load, thinkMs: (random) => 300 * random() },
      );
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(100);
        await service.rollOut();
      }
      await service.drained();
      for (const report of await loads.stop()) assertNothingLost(report);
    });
  }

  test('S20: HTTPS, fresh and kept-alive connections, a rollout -> 0 lost, every session is resumed', async (t) => {
    const service = await startReadyService(t, { fixture: 'tls.js', options: { rollout: ROLLOUT } });
    const sessions = await openSessions(service, 10);
    const tls = { servername: 'localhost', rejectUnauthorized: false };
    const load = { ...getOrPost, tls, origin: await service.origin() };
    const loads = startLoads({ ...load, clients: 12 }, { ...load, connections: 'fresh', clients: 4 });
    await loads.more(100);
    await service.rollOut();
    await service.drained();
    await loads.more(100);
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal((await countResumed(service, sessions)).resumed, 10);
  });

  test('S17: HTTP/2 over TLS, kept sessions of four streams, a rollout -> 0 lost', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'http2.js',
      env: { TLS: 'yes' },
      options: { rollout: ROLLOUT },
    });
    const { request, check } = getOrPost;
    const origin = `https://127.0.0.1:${await service.port()}`;
    const load = startHttp2Load({ origin, request, check, sessions: 4, streams: 4, connections: 'kept' });
    await load.more(100);
    await service.rollOut();
    await service.drained();
    await load.more(100);
    assertNothingLostOverHttp2(await load.stop());
  });

  test('localhost with two addresses -> both are served, and a rollout loses nothing', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'two-addresses.js',
      options: { rollout: ROLLOUT, listen: { host: 'localhost' } },
    });
    const { addresses } = await service.status();
    assert.deepEqual(
      addresses.map((address) => 'host' in address && address.host),
      ['127.0.0.1', '127.0.0.2'],
    );
    const origins = addresses.filter((address) => 'host' in address);
    const loads = startLoads(...origins.map((origin) => ({ ...getOrPost, origin, clients: 8 })));
    await loads.more(200);
    await service.rollOut();
    await service.drained();
    await loads.more(200);
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal(await service.stop(), 0);
  });

  test('S79: SIGTERM to one worker -> its successor is ready before it drains, 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    const load = startLoad({ ...getOrPost, origin: await service.origin(), clients: 16 });
    await load.more(200);
    const pid = await service.readyPid();
    process.kill(pid, 'SIGTERM');
    const exited = await service.exited(pid);
    await load.more(200);
    assertNothingLost(await load.stop());
    const ofItsSlot = service.log.filter(({ worker }) => worker?.slot === exited.worker?.slot);
    assert.deepEqual(
      // It may have been the leader.
      ofItsSlot.map(({ msg }) => msg).filter((msg) => !msg.startsWith('leader ')),
      ['worker forked', 'worker ready', 'worker forked', 'worker ready', 'worker draining', 'worker exited'],
    );
    assert.equal(service.lines('worker draining')[0]?.['cause'], 'recycle');
  });
});
