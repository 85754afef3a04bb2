// Connections that are kept alive are spread evenly over the workers, and stay so; none of it costs a request.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ClusteredOptions } from 'fastify-clustered';
import { KeptClients } from '../helpers/kept-clients.ts';
import type { KeptClientsOptions } from '../helpers/kept-clients.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

const CLIENTS = 64;
const WORKERS = 4;
/** The largest part that a worker may hold, of the mean. */
const MOST = 1.3;
/** How long nothing may move once it is even, in ms. A wrong rule closes connections every second. */
const CALM_MS = 5_000;

const PROTOCOLS = [
  ['HTTP/1.1', { protocol: 'HTTP/1.1', isSecure: false }],
  ['HTTP/1.1 over TLS', { protocol: 'HTTP/1.1', isSecure: true }],
  ['HTTP/2', { protocol: 'HTTP/2', isSecure: false }],
] as const;

suite('an even load', () => {
  for (const [name, how] of PROTOCOLS) {
    test(`S53: ${name}: 64 clients of one worker, then 4 workers -> soon even, 0 lost, then calm`, async (t) => {
      const { service, clients } = await start(t, how, { workers: 1 });
      const full = service.next('all workers ready');
      await service.call('scale', WORKERS);
      await full;
      await untilEven(service, clients);
      await assertCalm(service, clients);
      assert.deepEqual(clients.lost, []);
    });
  }

  test('S53: 64 connections opened at once -> soon even, 0 lost, then calm', async (t) => {
    const { service, clients } = await start(t, {}, { workers: WORKERS });
    await untilEven(service, clients);
    await assertCalm(service, clients);
    assert.deepEqual(clients.lost, []);
  });

  test('S53: a rollout, and later a crash -> even again, 0 lost but what was in flight in the crash, then calm', async (t) => {
    const { service, clients } = await start(t, {}, { workers: WORKERS, rollout: GENEROUS });
    await service.rollOut();
    await untilEven(service, clients);
    assert.deepEqual(clients.lost, []);
    const ready = service.next('worker ready');
    process.kill(await service.readyPid(), 'SIGKILL');
    await ready;
    const lost = clients.lost.length;
    await untilEven(service, clients);
    await assertCalm(service, clients);
    assert.equal(clients.lost.length, lost, 'nothing is lost by it');
  });

  test('S53: `shed: false` -> every connection stays where it is', async (t) => {
    const { service, clients } = await start(t, {}, { workers: 1, shed: false });
    const [first] = await service.readyPids();
    const full = service.next('all workers ready');
    await service.call('scale', WORKERS);
    await full;
    // Long enough for the others to get some.
    await setTimeout(CALM_MS);
    assert.deepEqual(clients.sharesOf([first ?? 0]), [CLIENTS]);
    assert.deepEqual(service.lines('connections shed'), []);
    const { workers } = await service.status();
    assert.ok(workers.every(({ connections }) => connections === null));
  });
});

interface Started {
  readonly service: Service;
  readonly clients: KeptClients;
}

/** Resolves when every client has been served some times. */
async function start(
  t: TestContext,
  { protocol = 'HTTP/1.1', isSecure = false }: Partial<Pick<KeptClientsOptions, 'protocol' | 'isSecure'>>,
  options: ClusteredOptions,
): Promise<Started> {
  const service = await startReadyService(t, {
    fixture: protocol === 'HTTP/2' || isSecure ? 'http2.js' : 'service.js',
    env: isSecure ? { TLS: 'yes' } : {},
    options,
  });
  const clients = new KeptClients({ origin: await service.origin(), clients: CLIENTS, protocol, isSecure });
  t.after(() => clients.stop());
  await clients.more(3 * CLIENTS);
  return { service, clients };
}

/** Resolves when it is, and fails if that takes too long; how long is a matter of the machine, too. */
async function untilEven(service: Service, clients: KeptClients): Promise<void> {
  const from = Date.now();
  const deadline = AbortSignal.timeout(60_000);
  for (;;) {
    const shares = clients.sharesOf(await service.readyPids());
    const mean = CLIENTS / WORKERS;
    const isEven = shares.length === WORKERS && Math.max(...shares) <= MOST * mean;
    // The primary may not have looked yet, or those that were told to close are still on their way.
    const [last] = service.lines('connections shed').slice(-1);
    if (isEven && Date.now() - Number(last?.['time'] ?? from) > 3_000) return;
    assert.ok(!deadline.aborted, `${shares.join('/')}\n${service.story()}`);
    await setTimeout(100);
  }
}

/** No client has to connect anew, and the primary counts what is there. */
async function assertCalm(service: Service, clients: KeptClients): Promise<void> {
  const { connections } = clients;
  const sheds = service.lines('connections shed').length;
  await setTimeout(CALM_MS);
  assert.equal(clients.connections, connections, service.story());
  assert.equal(service.lines('connections shed').length, sheds);
  const { workers } = await service.status();
  assert.equal(
    workers.reduce((sum, worker) => sum + (worker.connections ?? 0), 0),
    CLIENTS,
  );
}
