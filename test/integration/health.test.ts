// Probes on a port of their own: the primary answers them by what it knows, and waits for no worker.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../helpers/free-ports.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, TestContext } from '../helpers/service.ts';

const HOST = '127.0.0.1';
const HEALTH = { port: 0, host: HOST };

suite('probes', { concurrency: 2 }, () => {
  test('S106: a worker boots -> nobody is ready, the service is starting, and it lives', async (t) => {
    const service = startService(t, {
      fixture: 'slow-import.js',
      env: { IMPORT_MS: '20000' },
      options: { health: HEALTH },
    });
    await service.seen('importing', { count: 2 });
    const place = await placeOf(service);
    assert.deepEqual(await told(place, '/readyz'), [503, 'no-worker-ready']);
    assert.deepEqual(await told(place, '/startupz'), [503, 'starting']);
    assert.deepEqual(await told(place, '/livez'), [200, null]);
    assert.equal(await service.stop(), 0);
  });

  test('S106, S40: ready, then leaving for shutdown.delayMs -> readiness is 503, the service lives and serves', async (t) => {
    const service = await startReadyService(t, {
      options: { health: HEALTH, shutdown: { delayMs: 2_000 } },
    });
    const place = await placeOf(service);
    for (const probe of ['/livez', '/readyz', '/startupz'])
      assert.deepEqual(await told(place, probe), [200, null]);
    assert.deepEqual(await ask(place, '/readyz', 'HEAD').then(({ code, body }) => [code, body]), [200, '']);
    assert.equal((await ask(place, '/readyz?verbose')).code, 200);
    for (const unknown of ['/', '/readyz/', '//']) assert.equal((await ask(place, unknown)).code, 404);
    assert.equal((await ask(place, '/readyz', 'POST')).code, 405);
    const leaving = service.seen('about to stop');
    service.signal('SIGTERM');
    await leaving;
    assert.deepEqual(await told(place, '/readyz'), [503, 'leaving']);
    assert.deepEqual(await told(place, '/livez'), [200, null]);
    assert.equal((await service.get('/')).status, 200);
    assert.equal((await service.ended).code, 0);
    await assert.rejects(ask(place, '/livez'), { code: 'ECONNREFUSED' });
  });

  test('S106: every worker computes -> the primary answers meanwhile, and says so', async (t) => {
    // A worker then gives a sign of life every second.
    const options = { health: HEALTH, watchdog: { timeoutMs: 10_000 } };
    const service = await startReadyService(t, { options });
    const place = await placeOf(service);
    let isBlocked = true;
    const blocks = [1, 2].map(async (count) => {
      await (count === 1 ? undefined : service.seen('blocking'));
      await service.get('/block?ms=6000');
      isBlocked = false;
    });
    await service.seen('blocking', { count: 2 });
    assert.deepEqual(await told(place, '/livez'), [200, null]);
    for (;;) {
      const [code, reason] = await told(place, '/readyz');
      assert.ok(isBlocked, 'a probe has waited for a worker, or nobody was ever taken for blocked');
      if (code === 503) {
        assert.equal(reason, 'all-blocked');
        break;
      }
      await setTimeout(50);
    }
    assert.deepEqual(await told(place, '/livez'), [200, null]);
    const { workers } = await service.status();
    assert.ok(workers.every(({ silentMs }) => silentMs !== null && silentMs >= 3_000));
    await Promise.all(blocks);
    while ((await told(place, '/readyz'))[0] !== 200) await setTimeout(50);
    assert.deepEqual(service.lines('worker killed'), []);
  });

  test('S106: close() in a process that goes on -> the probes end with the fleet, and so does a client that says nothing', async (t) => {
    const service = await startReadyService(t, { options: { health: HEALTH } });
    const place = await placeOf(service);
    const silent = net.connect(place.port ?? 0, HOST);
    await once(silent, 'connect');
    const closed = once(silent.resume(), 'close');
    assert.deepEqual(await told(place, '/readyz'), [200, null]);
    await service.call('close');
    await closed;
    await assert.rejects(ask(place, '/livez'), { code: 'ECONNREFUSED' });
    assert.equal(service.child.exitCode, null);
  });

  test('S106: the port is in use -> one error that names it, and no worker is forked', async (t) => {
    const other = net.createServer().listen(0, HOST);
    t.after(() => other.close());
    await once(other, 'listening');
    const { port } = Object(other.address());
    const service = startService(t, { options: { health: { port, host: HOST } } });
    assert.equal((await service.ended).code, 1);
    assert.match(service.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
    assert.match(service.stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: .*health\\.port`));
    assert.deepEqual(service.lines('worker forked'), []);
  });

  test('S106: a Unix socket, over the file of one that was killed -> answered, for every user; removed at the end', async (t) => {
    const socketPath = path.join(folder(t), 'probes.sock');
    const options = { health: { path: socketPath } };
    const killed = await startReadyService(t, { options });
    await killed.destroy();
    assert.ok(fs.existsSync(socketPath));
    const service = await startReadyService(t, { options });
    assert.deepEqual((await service.seen('probes answered'))['address'], { path: socketPath });
    assert.deepEqual(await told({ socketPath }, '/readyz'), [200, null]);
    assert.equal(fs.statSync(socketPath).mode & 0o666, 0o666);
    assert.equal(await service.stop(), 0);
    assert.ok(!fs.existsSync(socketPath));
  });

  test('S106: a single process -> starting, ready, leaving', async (t) => {
    const place = { host: HOST, port: await freePort() };
    const service = startService(t, {
      fixture: 'hooks.js',
      env: { BUILD_MS: '1500', FASTIFY_CLUSTERED_HEALTH_PORT: String(place.port) },
      options: { workers: 0, shutdown: { delayMs: 1_500 } },
    });
    await service.seen('building');
    assert.deepEqual(await told(place, '/readyz'), [503, 'no-worker-ready']);
    assert.deepEqual(await told(place, '/startupz'), [503, 'starting']);
    await service.seen('sockets bound');
    for (const probe of ['/livez', '/readyz', '/startupz'])
      assert.deepEqual(await told(place, probe), [200, null]);
    service.signal('SIGTERM');
    while ((await told(place, '/readyz'))[0] === 200) await setTimeout(10);
    assert.deepEqual(await told(place, '/readyz'), [503, 'leaving']);
    assert.deepEqual(await told(place, '/livez'), [200, null]);
    assert.equal((await service.ended).code, 0);
  });

  test('S65: an environment variable of no option is told with the nearest name, once', async (t) => {
    const service = await startReadyService(t, { env: { FASTIFY_CLUSTERED_CLOSE: '1' } });
    const lines = service.lines('environment variables unknown');
    assert.deepEqual(
      lines.map((line) => line['variables']),
      [[{ variable: 'FASTIFY_CLUSTERED_CLOSE', nearest: 'FASTIFY_CLUSTERED_CLOSE_MS' }]],
    );
  });
});

type Place = Pick<http.RequestOptions, 'host' | 'socketPath'> & { readonly port?: number };

async function placeOf(service: Service): Promise<Place> {
  const { address } = await service.seen('probes answered');
  return Object(address);
}

async function ask(
  place: Place,
  probe: string,
  method = 'GET',
): Promise<{ readonly code: number; readonly body: string }> {
  const request = http.request({ ...place, path: probe, method, agent: false }).end();
  const [response]: http.IncomingMessage[] = await once(request, 'response');
  assert.ok(response);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

async function told(place: Place, probe: string): Promise<readonly [code: number, reason: unknown]> {
  const { code, body } = await ask(place, probe);
  return [code, JSON.parse(body).reason];
}

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'probes-'));
  t.after(() => fs.rmSync(made, { recursive: true, force: true }));
  return made;
}
