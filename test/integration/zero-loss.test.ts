// The promises: under load, with a client that never retries, nothing is lost but what a killed worker had accepted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { startDelayingProxy } from '../helpers/delaying-proxy.ts';
import { getOrPost } from '../helpers/get-or-post.ts';
import { describeLosses, startLoad } from '../helpers/load-client.ts';
import type { LoadOptions, LoadReport } from '../helpers/load-client.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

/** The defaults of rollouts, but for the time that a successor has to prove itself. */
const ROLLOUT = { minReadyMs: 200, idleMs: 1_000 } as const;
const HOST = '127.0.0.1';
const CLIENTS = 16;

type Mix = Pick<LoadOptions, 'connections' | 'request' | 'check'>;

const fresh: Mix = { connections: 'fresh', request: () => ({ method: 'GET', path: '/' }) };
const keptAlive: Mix = getOrPost;

suite('zero loss', () => {
  test('S1: fresh connections, two rollouts: 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    assertNothingLost(await loadOverRollouts(service, { ...fresh, clients: 16 }, 2));
  });

  test('S2: kept-alive connections, GET and POST with bodies of 16 KB, two rollouts: 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    assertNothingLost(await loadOverRollouts(service, { ...keptAlive, clients: 32 }, 2));
  });

  test('S2: pauses below idleMs lose nothing; above it, nothing but the race of RFC 9112, section 9.6', async (t) => {
    const idleMs = 400;
    const service = await startReadyService(t, { options: { rollout: { ...ROLLOUT, idleMs } } });
    const thinkMs = (random: () => number): number => idleMs * (0.5 + 1.2 * random());
    const report = await loadOverRollouts(service, { ...keptAlive, clients: 64, thinkMs }, 2);
    // A client may send in the very moment in which its idle connection is closed: nobody can know. But that is never
    // closed before idleMs are over, and never once a request has been read from it.
    assert.equal(report.lost, report.reset, describeLosses(report));
    for (const { requestOnConnection, sincePreviousResponseMs = 0 } of report.samples) {
      assert.ok(requestOnConnection > 1 && sincePreviousResponseMs >= idleMs, describeLosses(report));
    }
    // It is the exception: every client comes back after such a pause again and again.
    assert.ok(report.reset * 100 <= report.sent, describeLosses(report));
    assert.ok(report.closedWhenIdle > 0);
  });

  for (const delayMs of [10, 40]) {
    test(`S1, S2: through a proxy that delays ${delayMs} ms each way: 0 lost`, async (t) => {
      const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
      const proxy = await startDelayingProxy({
        upstream: { host: HOST, port: await service.port() },
        delayMs,
      });
      t.after(() => proxy.close());
      const distant = [
        startLoad({ ...fresh, origin: proxy, clients: 24 }),
        startLoad({ ...keptAlive, origin: proxy, clients: 24 }),
        // Pauses well below idleMs: at a distance one that equals it can meet the close on its way, by RFC 9112, 9.6.
        startLoad({ ...keptAlive, origin: proxy, clients: 24, thinkMs: (random) => 300 * random() }),
      ];
      for (let rollout = 0; rollout < 2; rollout += 1) {
        await Promise.all(distant.map((load) => load.answered(load.counts().answered + 100)));
        assert.equal((await service.restart()).outcome, 'completed');
      }
      await service.seen('worker exited', { count: 4 });
      for (const load of distant) assertNothingLost(await load.stop());
    });
  }

  test('every address of localhost is served, and rolls with 0 lost', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'two-addresses.js',
      options: { rollout: ROLLOUT, listen: { host: 'localhost' } },
    });
    const { addresses } = await service.status();
    assert.deepEqual(
      addresses.map(({ host }) => host),
      ['127.0.0.1', '127.0.0.2'],
    );
    const loads = addresses.map((origin) => startLoad({ ...keptAlive, origin, clients: 8 }));
    await Promise.all(loads.map((load) => load.answered(200)));
    assert.equal((await service.restart()).outcome, 'completed');
    await service.seen('worker exited', { count: 2 });
    await Promise.all(loads.map((load) => load.answered(load.counts().answered + 200)));
    for (const load of loads) assertNothingLost(await load.stop());
    assert.equal(await service.stop(), 0);
  });

  test('S22: one worker, a rollout on fresh and on kept-alive connections: 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { workers: 1, rollout: ROLLOUT } });
    const origin = { host: HOST, port: await service.port() };
    const other = startLoad({ ...fresh, origin, clients: 8 });
    assertNothingLost(await loadOverRollouts(service, { ...keptAlive, clients: 8 }, 2));
    assertNothingLost(await other.stop());
  });

  test('S27: all workers killed under load: 0 refused, 0 hung, lost only what was in flight', async (t) => {
    const clients = 24;
    const service = await startReadyService(t);
    const origin = { host: HOST, port: await service.port() };
    const loads = [startLoad({ ...fresh, origin, clients }), startLoad({ ...keptAlive, origin, clients })];
    for (let round = 1; round <= 3; round += 1) {
      await Promise.all(loads.map((load) => load.answered(load.counts().answered + 300)));
      const full = service.seen('all workers ready', { count: round + 1 });
      for (const pid of await service.readyPids()) process.kill(pid, 'SIGKILL');
      await full;
    }
    await Promise.all(loads.map((load) => load.answered(load.counts().answered + 300)));
    for (const load of loads) {
      const report = await load.stop();
      const { refused, hung, serverError, wrongAnswer, reset, cut } = report;
      assert.deepEqual({ refused, hung, serverError, wrongAnswer }, NOTHING, describeLosses(report));
      // Each client has one request under way: no more than that many can have been accepted at each killAll.
      assert.ok(reset + cut <= 3 * clients, describeLosses(report));
      assert.ok(report.samples.every(({ code }) => code !== 'ECONNREFUSED'));
    }
  });

  for (const [what, mix] of [
    ['fresh', fresh],
    ['kept-alive', keptAlive],
  ] as const) {
    test(`S39: SIGTERM under load on ${what} connections: all that was accepted is answered, exit 0`, async (t) => {
      const service = await startReadyService(t, { env: { REPORT_ACCEPTED: 'yes' } });
      const load = startLoad({
        ...mix,
        origin: { host: HOST, port: await service.port() },
        clients: CLIENTS,
      });
      await load.answered(500);
      service.signal('SIGTERM');
      const { code } = await service.ended;
      const report = await load.stop();
      assert.equal(code, 0);
      const accepted = new Set(service.lines('accepted').flatMap(({ ports }) => ports as number[]));
      assert.ok(accepted.size > 0);
      // Who comes when all is over is refused; who came to the kernel's queue in the moment in which it was closed is
      // reset. Neither was accepted by any worker.
      const { refused, reset, lost, samples } = report;
      assert.equal(lost, refused + reset, describeLosses(report));
      // That queue is shrunk and emptied before: else everybody would be waiting in it.
      assert.ok(reset < CLIENTS / 2, describeLosses(report));
      const broken = samples.filter(({ fate }) => fate === 'reset').map(({ localPort }) => localPort ?? 0);
      assert.deepEqual(
        broken.filter((port) => accepted.has(port)),
        [],
        describeLosses(report),
      );
      assert.equal(broken.length, reset);
      assert.ok(refused > 0);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  test('S41: ten connections queued, the one worker busy, SIGTERM: all are answered before the listener goes', async (t) => {
    const service = await startReadyService(t, { options: { workers: 1 } });
    const port = await service.port();
    const blocking = service.get('/block?ms=1500');
    await service.seen('blocking');
    // The worker accepts nobody now; the kernel does.
    const sockets = Array.from({ length: 10 }, () => connect(port, HOST));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    service.signal('SIGTERM');
    const answers = sockets.map(async (socket) => {
      socket.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return text(socket);
    });
    for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1\.1 200 OK/);
    assert.equal((await blocking).status, 200);
    assert.equal((await service.ended).code, 0);
  });

  test('S79: SIGTERM to one worker replaces it start-first: 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    const load = startLoad({ ...keptAlive, origin: { host: HOST, port: await service.port() }, clients: 16 });
    await load.answered(200);
    const [tired] = await service.readyPids();
    const exited = service.next('worker exited');
    process.kill(tired ?? 0, 'SIGTERM');
    assert.equal((await exited).worker?.pid, tired);
    await load.answered(load.counts().answered + 200);
    assertNothingLost(await load.stop());
    const order = service.log.filter(
      ({ worker }) => worker?.slot === service.log.find((line) => line.worker?.pid === tired)?.worker?.slot,
    );
    assert.deepEqual(
      order.map(({ msg }) => msg),
      ['worker forked', 'worker ready', 'worker forked', 'worker ready', 'worker draining', 'worker exited'],
    );
    assert.equal(service.lines('worker draining')[0]?.['cause'], 'recycle');
  });
});

const NOTHING = { refused: 0, hung: 0, serverError: 0, wrongAnswer: 0 };

/** Load before, during and after that many rollouts, until the last old worker has gone. */
async function loadOverRollouts(
  service: Service,
  mix: Omit<LoadOptions, 'origin'>,
  rollouts: number,
): Promise<LoadReport> {
  const load = startLoad({ ...mix, origin: { host: HOST, port: await service.port() } });
  const { size } = await service.status();
  for (let rollout = 1; rollout <= rollouts; rollout += 1) {
    await load.answered(load.counts().answered + 200);
    const completed = service.seen('rollout completed', { count: rollout });
    service.signal('SIGUSR2');
    await completed;
    await service.seen('worker exited', { count: size * rollout });
  }
  await load.answered(load.counts().answered + 200);
  return load.stop();
}

function assertNothingLost(report: LoadReport): void {
  assert.equal(report.lost, 0, describeLosses(report));
  assert.ok(report.answered > 0);
}
