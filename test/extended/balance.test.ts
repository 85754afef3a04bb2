// The ways to spread connections over the workers besides the shared socket: what they promise, and what becomes of a slot's queue.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Balance } from '../../src/options/index.ts';
import { canReusePort } from '../../src/primary/sockets/bound-socket.ts';
import { assertAllKilledUnderLoad } from '../helpers/all-killed.ts';
import { freePort } from '../helpers/free-ports.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import type { Loads } from '../helpers/loads.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

const CANNOT = !canReusePort() && `Node.js ${process.version} cannot share a port between sockets`;
const CLIENTS = 8;

suite('balance', () => {
  for (const [balance, skip] of [
    ['reuse-port', CANNOT],
    ['round-robin', false],
  ] as const) {
    test(`S1, S2: '${balance}', two rollouts under load -> 0 lost`, { skip }, async (t) => {
      const service = await start(t, balance, { rollout: GENEROUS });
      const loads = await load(service);
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(100);
        await service.rollOut();
        await service.drained();
      }
      await loads.more(100);
      for (const report of await loads.stop()) assertNothingLost(report);
      assert.equal(await service.stop(), 0, service.output);
    });

    test(
      `S52: '${balance}', scaled down and up under load -> 0 lost but what the kernel resets when a queue goes`,
      { skip },
      async (t) => {
        const service = await start(t, balance, { workers: 4, rollout: GENEROUS });
        const loads = await load(service);
        for (let round = 1; round <= 3; round += 1) {
          await loads.more(50);
          await service.call('scale', 2);
          await service.seen('worker exited', { count: 2 * round });
          await loads.more(50);
          const full = service.next('all workers ready');
          await service.call('scale', 4);
          await full;
        }
        await loads.more(50);
        for (const report of await loads.stop()) {
          // Between the last look at a queue and its end one may come in.
          assert.equal(report.lost, report.reset, describeLosses(report));
          assert.ok(report.lost <= (balance === 'reuse-port' ? 6 : 0), describeLosses(report));
          for (const { requestOnConnection } of report.samples) assert.equal(requestOnConnection, 1);
        }
        assert.equal(await service.stop(), 0, service.output);
      },
    );

    test(
      `'${balance}': the port is in use -> an error before any fork; port 0 is one port for all`,
      { skip },
      async (t) => {
        const first = await start(t, balance, { workers: 3 });
        const port = await first.port();
        const second = startServiceAt(t, balance, port);
        assert.equal((await second.ended).code, 1);
        assert.match(second.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
        assert.deepEqual(second.lines('worker forked'), []);
        const served = new Set<string>();
        while (served.size < 3) served.add(String((await first.get('/')).headers['x-worker']));
        assert.equal((await first.status()).addresses.length, 1);
        assert.equal(await first.stop(), 0);
      },
    );
  }

  test(
    "S27: 'reuse-port', all workers killed under load -> 0 refused, 0 hung, only what was in flight is lost",
    { skip: CANNOT },
    async (t) => {
      const service = await start(t, 'reuse-port', { workers: 4 });
      const origin = await service.origin();
      const loads = startLoads({ origin, connections: 'fresh', clients: CLIENTS });
      await assertAllKilledUnderLoad(service, loads, CLIENTS);
      assert.equal(await service.stop(), 0, service.output);
    },
  );

  test(
    "'reuse-port': two services that are started at once on one port -> one serves, the other one says why not",
    { skip: CANNOT },
    async (t) => {
      const port = await freePort();
      const both = [startServiceAt(t, 'reuse-port', port), startServiceAt(t, 'reuse-port', port)];
      const loser = await Promise.race(both.map(async (service) => (await service.ended, service)));
      assert.match(loser.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
      const winner = both.find((service) => service !== loser) ?? assert.fail();
      await winner.seen('all workers ready');
      assert.equal(await winner.stop(), 0);
    },
  );

  test(
    "'reuse-port': a slot that nobody can fill -> no connection waits for it",
    { skip: CANNOT },
    async (t) => {
      const service = await startReadyService(t, {
        fixture: 'fickle.js',
        env: { BEHAVIOUR_1: 'crashSlot1' },
        options: {
          balance: 'reuse-port',
          workers: 2,
          // The slowest pace comes soon, and is slower than a test waits.
          respawn: { maxEarlyExits: 2, backoff: { initialMs: 1, maxMs: 600_000 } },
        },
      });
      await service.seen('respawn at the slowest pace');
      for (let request = 0; request < 50; request += 1)
        assert.equal((await service.get('/', { agent: false })).status, 200);
      assert.equal(await service.stop(), 0);
    },
  );

  test(
    "'reuse-port' where it is not possible -> 'shared', and a warning says so",
    { skip: CANNOT === false && 'it is possible' },
    async (t) => {
      const service = await start(t, 'reuse-port');
      const { wanted, balance, explanation } = await service.seen('balance not possible');
      assert.deepEqual([wanted, balance], ['reuse-port', 'shared']);
      assert.match(String(explanation), /Node\.js 22\.12 or newer/);
      assert.equal((await service.seen('sockets bound'))['balance'], 'shared');
      assert.equal(await service.stop(), 0);
    },
  );
});

function start(t: TestContext, balance: Balance, options: ServiceOptions['options'] = {}): Promise<Service> {
  return startReadyService(t, { options: { balance, ...options } });
}

function startServiceAt(t: TestContext, balance: Balance, port: number): Service {
  return startService(t, { options: { balance, listen: { port, host: '127.0.0.1', timeoutMs: 0 } } });
}

async function load(service: Service): Promise<Loads> {
  const origin = await service.origin();
  return startLoads(
    { origin, connections: 'fresh', clients: CLIENTS },
    { ...getOrPost, origin, clients: CLIENTS },
  );
}
