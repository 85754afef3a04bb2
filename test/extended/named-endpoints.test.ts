// Named endpoints: a further server of the app listens on a socket that the primary holds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import type { ListenOptions } from 'fastify-clustered';
import { assertAllKilledUnderLoad } from '../helpers/all-killed.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { freePort } from '../helpers/free-ports.ts';
import type { Origin } from '../helpers/load-client.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import type { Loads } from '../helpers/loads.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions, TestContext } from '../helpers/service.ts';
import { holdSockets } from '../helpers/socket-holder.ts';
import { GENEROUS } from '../helpers/times.ts';

const FIXTURE = 'named.js';
const HOST = '127.0.0.1';

suite('named endpoints', () => {
  for (const kind of ['TCP', 'Unix'] as const) {
    test(`S100: over ${kind}, two rollouts under load -> 0 lost, neither on the app nor on the server of that name`, async (t) => {
      const { service, named } = await start(t, kind, { options: { rollout: GENEROUS } });
      const loads = await loadBoth(service, named);
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(100);
        await service.rollOut();
        await service.drained();
      }
      await loads.more(100);
      for (const report of await loads.stop()) assertNothingLost(report);
      assert.equal(service.lines('worker killed').length + service.lines('connections cut').length, 0);
      assert.equal(await service.stop(), 0, service.output);
      if ('path' in named) assert.ok(!fs.existsSync(named.path));
    });

    test(`S27, S100: over ${kind}, all workers killed under load -> 0 refused, 0 hung`, async (t) => {
      const { service, named } = await start(t, kind);
      const loads = await loadBoth(service, named);
      await assertAllKilledUnderLoad(service, loads, CLIENTS);
      assert.equal(await service.stop(), 0, service.output);
    });
  }

  for (const workers of [2, 0]) {
    const who = workers === 0 ? 'a single process' : 'workers';
    test(`S104: ${who}: one of the sockets that were handed over has a name -> its server serves it; restarted: 0 refused`, async (t) => {
      const folder = temporaryFolder(t);
      const { origins, handOver } = holdSockets(
        t,
        { name: 'app.socket' },
        { name: 'metrics' },
        { path: path.join(folder, 'metrics.sock'), name: 'metrics' },
      );
      const run = (): Service => startService(t, { ...handOver, fixture: FIXTURE, options: { workers } });
      const first = run();
      await first.seen('sockets bound');
      const loads = startLoads(
        ...origins.map((origin) => ({ origin, connections: 'fresh', clients: 3 }) as const),
      );
      await loads.more(30);
      const [app, ...metrics] = origins;
      assert.equal(Reflect.get(await answerAt(app), 'name'), undefined);
      for (const origin of metrics) assert.equal(Reflect.get(await answerAt(origin), 'name'), 'metrics');
      assert.equal(await first.stop(), 0, first.output);
      const second = run();
      await loads.more(30);
      for (const report of await loads.stop()) assertNothingLost(report);
      assert.equal(await second.stop(), 0, second.output);
    });

    test(`S100: ${who}: SIGTERM under load -> what is accepted is answered on both, exit 0`, async (t) => {
      const { service, named } = await start(t, 'TCP', { options: { workers } });
      const loads = startLoads({ origin: named, connections: 'kept-alive', clients: 4 });
      await loads.more(50);
      const stopped = service.stop();
      const [report] = await Promise.all([once(service.child, 'exit').then(() => loads.stop()), stopped]);
      assert.equal(await stopped, 0, service.output);
      // In its last moment a port resets who is in the queue, and refuses who comes later: nobody had accepted them.
      for (const each of report) {
        assert.equal(each.lost, each.refused + each.reset, describeLosses(each));
        const broken = each.samples.filter(({ fate }) => fate === 'reset');
        assert.equal(broken.length, each.reset);
        for (const { requestOnConnection } of broken)
          assert.equal(requestOnConnection, 1, describeLosses(each));
      }
    });
  }

  test('S100: nobody takes the name -> a warning that says so, once for each release', async (t) => {
    const { service } = await start(t, 'TCP', { env: { TAKE: '' } });
    const { names, generation, explanation } = await service.seen('endpoints not served');
    assert.deepEqual([names, generation], [['metrics'], 1]);
    assert.match(String(explanation), /worker\.listen\(server, name\)/);
    await service.rollOut();
    await service.seen('endpoints not served', { count: 2 });
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('endpoints not served').length, 2);
  });

  test('S100: a name that no endpoint has -> the boot fails, and the error lists the names', async (t) => {
    const service = startService(t, {
      fixture: FIXTURE,
      env: { TAKE: 'metrix' },
      options: { listen: await places('TCP', t) },
    });
    assert.equal((await service.ended).code, 1);
    assert.match(service.output, /FST_CLUSTERED_OPTION_INVALID/);
    assert.match(
      service.output,
      /name is 'metrix'; allowed: the name of an endpoint \(listen\.name\): metrics/,
    );
  });
});

interface Started {
  readonly service: Service;
  readonly named: Origin;
}

const CLIENTS = 4;

async function places(kind: 'TCP' | 'Unix', t: TestContext): Promise<readonly ListenOptions[]> {
  const second =
    kind === 'TCP'
      ? { port: await freePort(), host: HOST }
      : { path: path.join(temporaryFolder(t), 'metrics.sock') };
  return [
    { port: 0, host: HOST },
    { ...second, name: 'metrics' },
  ];
}

async function start(t: TestContext, kind: 'TCP' | 'Unix', options: ServiceOptions = {}): Promise<Started> {
  const listen = await places(kind, t);
  const given = { fixture: FIXTURE, ...options, options: { ...options.options, listen } };
  const isSingle = options.options?.workers === 0;
  const service = isSingle ? startService(t, given) : await startReadyService(t, given);
  await service.seen('sockets bound');
  const [, second] = listen;
  const named = second?.path === undefined ? { host: HOST, port: second?.port ?? 0 } : { path: second.path };
  if (!isSingle) {
    const { addresses } = await service.status();
    assert.deepEqual(addresses[1], { ...named, name: 'metrics' });
    assert.equal(Object(service.lines('all workers ready')[0]?.['urls']).length, 1);
  }
  return { service, named };
}

async function loadBoth(service: Service, named: Origin): Promise<Loads> {
  return startLoads(
    ...[await service.origin(), named].flatMap(
      (origin) =>
        [
          { origin, connections: 'kept-alive', clients: CLIENTS },
          { origin, connections: 'fresh', clients: CLIENTS },
        ] as const,
    ),
  );
}

async function answerAt(origin: Origin | undefined): Promise<object> {
  assert.ok(origin !== undefined);
  const where = 'path' in origin ? { socketPath: origin.path } : origin;
  const [response] = await once(http.get({ ...where, path: '/', agent: false }), 'response');
  return JSON.parse(await text(response));
}
