// Where a service listens, beside a port: a Unix socket, or sockets that were handed over. Rollouts, crashes and the end, as over a
// port.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from '../helpers/folder.ts';
import { startLoad } from '../helpers/load-client.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { holdSockets } from '../helpers/socket-holder.ts';

const ROLLOUT = { minReadyMs: 100, idleMs: 300 } as const;

suite('endpoints', () => {
  test('S1, S2, S3: a Unix socket under load, a rollout -> 0 lost, the file stays; after shutdown it is gone', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const service = await startReadyService(t, { options: { listen: { path: file }, rollout: ROLLOUT } });
    assert.deepEqual((await service.status()).addresses, [{ path: file }]);
    assert.deepEqual(service.lines('all workers ready')[0]?.['urls'], [`unix:${file}`]);
    assert.equal(fs.statSync(file).mode & 0o777, 0o660);
    const { ino } = fs.statSync(file);
    const origin = { path: file };
    const loads = startLoads(
      { origin, connections: 'fresh', clients: 8 },
      { ...getOrPost, origin, clients: 8 },
    );
    await loads.more(100);
    await service.rollOut();
    await service.drained();
    await loads.more(100);
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal(fs.statSync(file).ino, ino);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
  });

  test('S27: all workers killed under load over a Unix socket -> 0 refused, 0 hung, only what was in flight is lost', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const service = await startReadyService(t, { options: { listen: { path: file } } });
    const load = startLoad({ origin: { path: file }, connections: 'fresh', clients: 8 });
    await load.more(100);
    const pids = await service.readyPids();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await service.seen('worker ready', { count: 2 * pids.length });
    await load.more(100);
    const report = await load.stop();
    assert.deepEqual([report.refused, report.hung], [0, 0], describeLosses(report));
    assert.ok(report.lost <= 8, describeLosses(report));
    assert.equal(await service.stop(), 0);
  });

  test('S3: who connects before the first worker is ready waits for it', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const service = startService(t, { options: { listen: { path: file } } });
    await service.seen('sockets bound');
    assert.equal((await service.get('/')).status, 200);
    assert.equal(await service.stop(), 0);
  });

  test('S3: the file of a killed service is replaced; one that is live is an error, and stays', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const options = { workers: 1, listen: { path: file, timeoutMs: 0 } };
    const killed = await startReadyService(t, { options });
    killed.signalGroup('SIGKILL');
    await killed.ended;
    assert.ok(fs.lstatSync(file).isSocket());
    const service = await startReadyService(t, { options });
    const second = startService(t, { options });
    await second.seenOnStderr(/FST_CLUSTERED_LISTEN_FAILED/);
    assert.match(
      second.stderr,
      /another process listens there; stop it, or choose another path \(listen\.path\)/,
    );
    assert.equal((await second.ended).code, 1);
    assert.equal((await service.get('/')).status, 200);
    assert.equal(await service.stop(), 0);
  });

  test('S3: workers: 0 over a Unix socket -> the same file, mode and end', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const service = startService(t, { options: { workers: 0, listen: { path: file, mode: 0o600 } } });
    while (!fs.existsSync(file)) await setTimeout(20);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const load = startLoad({ origin: { path: file }, connections: 'fresh', clients: 2 });
    await load.more(20);
    assertNothingLost(await load.stop());
    assert.equal(await service.stop(), 0);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
  });

  test('S3: somebody else listens at the path by the time of the shutdown -> that file stays', async (t) => {
    const file = path.join(temporaryFolder(t), 'app.sock');
    const service = await startReadyService(t, { options: { workers: 1, listen: { path: file } } });
    fs.rmSync(file);
    const server = net.createServer().listen(file);
    t.after(() => server.close());
    const { ino } = fs.statSync(file);
    assert.equal(await service.stop(), 0);
    assert.equal(fs.statSync(file).ino, ino);
  });

  for (const workers of [2, 0]) {
    const who = workers === 0 ? 'a single process' : 'workers';
    test(`S57, S104: ${who}, sockets handed over (TCP, Unix), restarted as a whole under load -> 0 refused, 0 lost`, async (t) => {
      const file = path.join(temporaryFolder(t), 'app.sock');
      const { origins, handOver } = holdSockets(t, {}, { path: file });
      const start = (): Service => startService(t, { ...handOver, options: { workers } });
      const first = start();
      const loads = startLoads(
        ...origins.flatMap(
          (origin) =>
            [
              { origin, connections: 'fresh', clients: 4 },
              { origin, connections: 'kept-alive', clients: 4 },
            ] as const,
        ),
      );
      await loads.more(50);
      assert.equal(await first.stop(), 0, first.output);
      // Until the next one is ready, nobody accepts: who connects waits.
      const second = start();
      await loads.more(50);
      for (const report of await loads.stop()) assertNothingLost(report);
      assert.equal(await second.stop(), 0, second.output);
      assert.ok(fs.lstatSync(file).isSocket());
    });
  }
});
