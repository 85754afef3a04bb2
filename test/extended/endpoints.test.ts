// Where a service listens, in full: the promises of a port hold over Unix sockets, and over sockets that were handed over.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { assertAllKilledUnderLoad } from '../helpers/all-killed.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import type { Origin } from '../helpers/load-client.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { ServiceOptions, TestContext } from '../helpers/service.ts';
import { holdSockets } from '../helpers/socket-holder.ts';
import { GENEROUS } from '../helpers/times.ts';

interface Where {
  readonly origins: readonly Origin[];
  readonly given: ServiceOptions;
}

const HOST = '127.0.0.1';

/** Each way to listen, and where clients find it. */
const WAYS: readonly (readonly [string, (t: TestContext) => Where])[] = [
  [
    'a Unix socket, beside a port',
    (t) => {
      const file = path.join(temporaryFolder(t), 'app.sock');
      return {
        origins: [{ path: file }],
        given: { options: { listen: [{ path: file }, { port: 0, host: HOST }] } },
      };
    },
  ],
  [
    'sockets that were handed over',
    (t) => {
      const { origins, handOver } = holdSockets(t, {}, { path: path.join(temporaryFolder(t), 'app.sock') });
      return { origins, given: handOver };
    },
  ],
];

suite('endpoints, in full', () => {
  for (const [way, make] of WAYS) {
    test(`S1, S2, S3, S104: ${way}, two rollouts under load, GET and POST with bodies of 16 KB -> 0 lost`, async (t) => {
      const { origins, given } = make(t);
      const options = { ...given.options, rollout: GENEROUS };
      const service = await startReadyService(t, { ...given, options });
      const loads = startLoads(
        ...origins.flatMap(
          (origin) =>
            [
              { origin, connections: 'fresh', clients: 8 },
              { ...getOrPost, origin, clients: 12 },
            ] as const,
        ),
      );
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(100);
        const completed = service.next('rollout completed');
        service.signal('SIGUSR2');
        await completed;
        await service.drained();
      }
      await loads.more(100);
      for (const report of await loads.stop()) assertNothingLost(report);
      assert.equal(await service.stop(), 0, service.output);
    });

    test(`S27, S104: ${way}, all workers killed under load -> 0 refused, 0 hung, only what was in flight is lost`, async (t) => {
      const { origins, given } = make(t);
      const service = await startReadyService(t, given);
      const clients = 8;
      const loads = startLoads(
        ...origins.map((origin) => ({ origin, connections: 'fresh', clients }) as const),
      );
      await assertAllKilledUnderLoad(service, loads, clients);
      assert.equal(await service.stop(), 0, service.output);
    });
  }

  for (const workers of [2, 0]) {
    const who = workers === 0 ? 'a single process' : 'workers';
    test(`S3, S39: ${who}: SIGTERM under load over a Unix socket -> whoever could connect is answered, exit 0`, async (t) => {
      const file = path.join(temporaryFolder(t), 'app.sock');
      const service = startService(t, { options: { workers, listen: { path: file } } });
      while (!fs.existsSync(file)) await setTimeout(20);
      const loads = startLoads(
        { origin: { path: file }, connections: 'fresh', clients: 16 },
        { ...getOrPost, origin: { path: file }, clients: 8 },
      );
      await loads.more(100);
      const code = await service.stop();
      const reports = await loads.stop();
      assert.equal(code, 0, service.output);
      // The file is gone before the queue is emptied.
      for (const report of reports) assert.equal(report.lost, report.refused, describeLosses(report));
      assert.equal(fs.existsSync(file), false);
    });
  }

  test('S3, S101: the primary is killed while a worker computes, and is started again at once -> it waits for the path, says so, and serves', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const options = { workers: 1, listen: { path: file } };
    const killed = await startReadyService(t, { options });
    const blocking = killed.next('blocking');
    const enough = path.join(temporaryFolder(t), 'enough');
    const computed = killed.get(`/block?file=${enough}`);
    await blocking;
    killed.signal('SIGKILL');
    await once(killed.child, 'exit');
    const service = startService(t, { options });
    const { addresses, timeoutMs, explanation } = await service.seen('socket in use, waiting');
    assert.deepEqual([addresses, timeoutMs], [[{ path: file }], 10_000]);
    assert.match(String(explanation), /hold the socket until they have finished/);
    fs.writeFileSync(enough, '');
    await service.seen('all workers ready');
    assert.equal((await computed).status, 200, 'what was in flight is answered');
    assert.equal((await service.get('/')).status, 200);
    assert.equal(service.lines('socket in use, waiting').length, 1);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
  });

  test('S3: two services that are started at once on a stale file -> one of them serves, the other one says why not', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const options = { workers: 1, listen: { path: file, timeoutMs: 0 } };
    const killed = await startReadyService(t, { options });
    killed.signalGroup('SIGKILL');
    await killed.ended;
    const both = [startService(t, { options }), startService(t, { options })];
    const loser = await Promise.race(both.map(async (service) => (await service.ended, service)));
    assert.match(loser.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
    const winner = both.find((service) => service !== loser);
    assert.ok(winner !== undefined);
    await winner.seen('all workers ready');
    assert.equal((await winner.get('/')).status, 200);
    assert.equal(await winner.stop(), 0);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
  });

  test('S104: neither the variables nor the descriptors go on to other processes', async (t) => {
    const { handOver } = holdSockets(t, {}, { name: 'web.socket' });
    const service = await startReadyService(t, handOver);
    const worker = await service.readyPid();
    assert.match(fs.readFileSync(`/proc/${service.pid}/environ`, 'utf8'), /LISTEN_FDS=2/);
    assert.doesNotMatch(fs.readFileSync(`/proc/${worker}/environ`, 'utf8'), /LISTEN_/);
    // O_CLOEXEC. The worker has them behind its channel.
    for (const [pid, fd] of [
      [service.pid, 3],
      [service.pid, 4],
      [worker, 4],
      [worker, 5],
    ]) {
      const [, flags = ''] =
        /^flags:\s+(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? [];
      assert.ok((Number.parseInt(flags, 8) & 0o2_000_000) !== 0, `${pid}: ${fd}`);
    }
    assert.equal(await service.stop(), 0);
  });

  for (const workers of [2, 0]) {
    const who = workers === 0 ? 'a single process' : 'workers';
    test(`S104: ${who}: the code says where to listen -> it does, and the descriptors that it does not use are told`, async (t) => {
      const { handOver } = holdSockets(t, {});
      const service = startService(t, {
        ...handOver,
        env: { ...handOver.env, APP_LOGS: 'yes' },
        options: { workers, listen: { port: 0, host: HOST } },
      });
      const { descriptors, explanation } = await service.seen('descriptors unused');
      assert.deepEqual(descriptors, [{ fd: 3, name: 'app.socket' }]);
      assert.match(String(explanation), /but the option listen says otherwise/);
      // Before it is ready a signal ends it at once.
      if (workers > 0) await service.seen('all workers ready');
      assert.equal(await service.stop(), 0);
    });

    test(`S104: ${who}: a descriptor that is not there -> exit 1 with an error that says so, no fork`, async (t) => {
      const service = startService(t, { options: { workers, listen: { fd: 99 } } });
      assert.equal((await service.ended).code, 1);
      assert.match(service.output, /cannot listen on descriptor 99: this process was started without it/);
      assert.equal(service.lines('worker forked').length, 0);
    });
  }

  test('S104: handed over to another process, which passes only the environment on -> told, and the port is served', async (t) => {
    const service = await startReadyService(t, { env: { LISTEN_PID: '1', LISTEN_FDS: '1' } });
    assert.match(
      String(service.lines('descriptors unused')[0]?.['explanation']),
      /^LISTEN_PID is 1, which is not this/,
    );
    assert.equal((await service.get('/')).status, 200);
    assert.equal(await service.stop(), 0);
  });

  const hasIpv6 = Object.values(os.networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  for (const workers of [2, 0]) {
    const who = workers === 0 ? 'a single process' : 'workers';
    test(`ipv6Only: ${who}: \`::\` without IPv4`, { skip: !hasIpv6 && 'no IPv6 here' }, async (t) => {
      const port = await freePort6();
      const service = startService(t, { options: { workers, listen: { host: '::', port, ipv6Only: true } } });
      while (!(await answers('::1', port))) assert.equal(service.child.exitCode, null);
      assert.equal(await answers(HOST, port), false);
      assert.equal(await service.stop(), 0);
    });
  }
});

async function freePort6(): Promise<number> {
  const server = net.createServer().listen(0, '::1');
  await once(server, 'listening');
  const { port } = Object(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** A request that is answered: then a process is ready for signals, too. */
async function answers(host: string, port: number): Promise<boolean> {
  try {
    const [response] = await once(http.get({ host, port, agent: false }), 'response');
    response.resume();
    return true;
  } catch {
    return false;
  }
}
