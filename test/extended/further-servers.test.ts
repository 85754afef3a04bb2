// An app that opens a second server in each worker, such as one for metrics, and gives it to the drain.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { freePort, freePorts } from '../helpers/free-ports.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import type { Loads } from '../helpers/loads.ts';
import { GET, HOST, get, received } from '../helpers/raw-client.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions, TestContext } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

const FIXTURE = 'further-server.js';

suite('further servers', () => {
  test('S81, S100: a second server that all workers share, under load, two rollouts -> 0 lost on both, the port stays', async (t) => {
    const { service, port } = await start(t, { options: { rollout: GENEROUS } });
    const loads = await loadBoth(service, port);
    for (let rollout = 1; rollout <= 2; rollout += 1) {
      await loads.more(200);
      await service.rollOut();
      await service.drained();
      assert.equal(await metricsPort(service), port);
    }
    await loads.more(200);
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal(service.lines('worker killed').length + service.lines('connections cut').length, 0);
    for (const { code } of service.lines('worker exited')) assert.equal(code, 0);
    assert.equal(await service.stop(), 0);
  });

  test('S81: a port of its own for each slot -> the successor has it, too, and a rollout loses nothing', async (t) => {
    const free = await freePorts(2);
    const [first, second] = free;
    assert.ok(first !== undefined && second === first + 1);
    const { service } = await start(t, {
      env: { METRICS: JSON.stringify({ port: first, bySlot: true }) },
      options: { rollout: GENEROUS },
    });
    const slots = await service.status().then(({ workers }) => workers.map(({ slot, pid }) => [slot, pid]));
    assert.deepEqual(
      await Promise.all(free.map((port) => pidAt(port))),
      slots.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, pid]) => pid),
    );
    const loads = startLoads(
      ...free.map(
        (port) => ({ origin: { host: HOST, port }, connections: 'kept-alive', clients: 4 }) as const,
      ),
    );
    await loads.more(100);
    await service.rollOut();
    await service.drained();
    await loads.more(100);
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal(await service.stop(), 0);
  });

  test('S81: the primary is stopped -> the second server is served, as the primary accepts nothing', async (t) => {
    const { service, port } = await start(t);
    const pids = await service.readyPids();
    service.signal('SIGSTOP');
    try {
      for (let request = 0; request < 10; request += 1) assert.ok(pids.includes(await pidAt(port)));
    } finally {
      service.signal('SIGCONT');
    }
    assert.equal(await service.stop(), 0);
  });

  for (const workers of [2, 0]) {
    const who = workers === 0 ? 'a single process' : 'workers';
    test(`S100: ${who}, SIGTERM -> what is in flight on the second server is answered, idle connections end, exit 0`, async (t) => {
      const { service, port } = await start(t, {
        options: { workers, shutdown: { idleMs: 300, graceMs: 600_000 } },
      });
      const idle = await connect(t, port);
      idle.write(GET);
      await once(idle, 'data');
      const waiting = await connect(t, port);
      const ended = text(waiting);
      waiting.write(get('/draining'));
      const isIdleClosed = once(idle.resume(), 'end');
      await pidAt(port);
      const stopped = service.stop();
      assert.match(await ended, /^HTTP\/1\.1 200 OK[^]*connection: close[^]*"pid"/i);
      await isIdleClosed;
      assert.equal(await stopped, 0, service.output);
    });

    test(`S98, S100: ${who}: a request to the second server that outlasts graceMs -> cut, told with its number, exit 0`, async (t) => {
      const { service, port } = await start(t, {
        // By the primary; a single process has only the app's logger.
        env: workers === 0 ? { APP_LOGS: 'yes' } : {},
        options: { workers, shutdown: { idleMs: 100, graceMs: 500 } },
      });
      const never = await connect(t, port);
      never.write(get('/never'));
      await received(never, /200 OK/);
      const cut = once(
        never.resume().on('error', () => undefined),
        'close',
      );
      const code = await service.stop();
      await cut;
      assert.equal(code, 0, service.output);
      const [line, ...others] = service.lines('connections cut');
      assert.deepEqual([line?.['requests'], line?.['upgraded'], others], [1, 0, []]);
    });
  }

  test('S100: all workers but the first find the port in use (`exclusive`) -> startClustered settles, and the service serves', async (t) => {
    const port = await freePort();
    const service = startService(t, {
      fixture: FIXTURE,
      env: { METRICS: JSON.stringify({ port, exclusive: true }) },
      options: { respawn: { maxEarlyExits: 2, backoff: { initialMs: 1, maxMs: 10 } } },
    });
    await service.seen('respawn at the slowest pace');
    // It is offered once startClustered has settled.
    const { workers } = await service.status();
    assert.deepEqual(
      workers.filter(({ state }) => state === 'ready').map(({ slot }) => slot),
      [0],
    );
    const [failing] = service.lines('worker failing');
    assert.match(String(Reflect.get(Object(failing?.['err']), 'message')), /EADDRINUSE/);
    assert.equal((await service.get('/')).status, 200);
    assert.equal(await service.stop(), 0);
  });
});

interface Started {
  readonly service: Service;
  /** Of the second server. */
  readonly port: number;
}

async function start(t: TestContext, options: ServiceOptions = {}): Promise<Started> {
  const isSingle = options.options?.workers === 0;
  const given = { fixture: FIXTURE, ...options };
  const service = isSingle ? startService(t, given) : await startReadyService(t, given);
  await service.seen('sockets bound');
  return { service, port: await metricsPort(service) };
}

async function metricsPort(service: Service): Promise<number> {
  return Number((await service.get('/metrics-port')).body);
}

async function loadBoth(service: Service, port: number): Promise<Loads> {
  const origins = [await service.origin(), { host: HOST, port }];
  return startLoads(
    ...origins.flatMap(
      (origin) =>
        [
          { origin, connections: 'kept-alive', clients: 6 },
          { origin, connections: 'fresh', clients: 4 },
        ] as const,
    ),
  );
}

async function connect(t: TestContext, port: number): Promise<net.Socket> {
  const socket = net.connect(port, HOST);
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The worker that answers on a connection of its own. */
async function pidAt(port: number): Promise<number> {
  const request = http.get({ host: HOST, port, agent: false });
  const [response] = await once(request, 'response');
  return JSON.parse(await text(response)).pid;
}
