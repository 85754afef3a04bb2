// Server-sent events, and other streams that would never end: they end when their worker has to go, and their clients lose nothing.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { EventClient } from '../helpers/event-client.ts';
import type { EventClientOptions } from '../helpers/event-client.ts';
import { startReadyService } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

const CLIENTS = 40;

const WAYS: readonly (readonly [string, EventClientOptions['protocol'], object])[] = [
  ['HTTP/1.1', 'HTTP/1.1', {}],
  ['HTTP/1.1 over TLS', 'HTTP/1.1', { https: true }],
  ['HTTP/2', 'HTTP/2', { http2: true }],
  ['HTTP/2 over TLS', 'HTTP/2', { http2: true, https: true }],
];

suite('server-sent events', () => {
  for (const [name, protocol, settings] of WAYS) {
    test(`S19: ${name}: a rollout under load -> every stream ends cleanly, no event is lost, and the new generation goes on`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'events.js',
        env: { EPOCH: String(Date.now() + 1_000), HTTP: JSON.stringify(settings) },
        // If a stream did not end, its worker would be waited for.
        options: { rollout: { minReadyMs: 100, idleMs: 500, graceMs: ENDLESS.graceMs } },
      });
      const scheme = 'https' in settings ? 'https' : 'http';
      const origin = `${scheme}://127.0.0.1:${await service.port()}`;
      const clients = Array.from({ length: CLIENTS }, (_, index) => {
        const how = ['hijacked', 'written', 'readable'][index % 3];
        return new EventClient({ url: `${origin}/events?how=${how}`, protocol });
      });
      t.after(() => Promise.all(clients.map((client) => client.stop())));
      await until(() => clients.every(({ ids }) => ids.length > 5));
      await service.rollOut();
      await service.drained();
      await until(() => clients.every(({ generation }) => generation === 2));
      await Promise.all(clients.map((client) => client.stop()));
      for (const { ids, broken, streams } of clients) {
        assert.deepEqual(broken, []);
        assert.ok(streams >= 2);
        assert.deepEqual(
          ids,
          ids.map((_, index) => index),
          'each event once, in order',
        );
      }
      assert.deepEqual(service.lines('connections cut'), []);
      assert.equal(await service.stop(), 0);
    });
  }

  test('S19: SIGTERM -> every stream ends cleanly, nobody waits for graceMs, exit 0', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'events.js',
      env: { EPOCH: String(Date.now() + 1_000) },
      options: { shutdown: { idleMs: 500, graceMs: ENDLESS.graceMs } },
    });
    const url = `http://127.0.0.1:${await service.port()}/events`;
    const clients = Array.from({ length: 10 }, () => new EventClient({ url, protocol: 'HTTP/1.1' }));
    t.after(() => Promise.all(clients.map((client) => client.stop())));
    await until(() => clients.every(({ ids }) => ids.length > 5));
    assert.equal(await service.stop(), 0);
    await Promise.all(clients.map((client) => client.stop()));
    // When it is gone they are refused.
    for (const { broken } of clients)
      assert.deepEqual(
        broken.filter((each) => !/ECONNREFUSED/.test(each)),
        [],
      );
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(30_000);
  while (!condition()) {
    assert.ok(!deadline.aborted, 'it takes too long');
    await setTimeout(20);
  }
}
