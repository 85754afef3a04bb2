// SIGTERM under load: every request on a connection that a worker had accepted is answered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { startLoad } from '../helpers/load-client.ts';
import { describeLosses } from '../helpers/load-report.ts';
import { GET, HOST } from '../helpers/raw-client.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';

const CLIENTS = 16;

suite('shutdown under load', () => {
  for (const [what, mix] of [
    ['fresh', { connections: 'fresh' }],
    ['kept-alive', getOrPost],
  ] as const) {
    test(`S39: SIGTERM under load on ${what} connections -> every accepted request is answered, exit 0`, async (t) => {
      const service = await startReadyService(t, { env: { REPORT_ACCEPTED: 'yes' } });
      const load = startLoad({
        ...mix,
        origin: await service.origin(),
        clients: CLIENTS,
      });
      await load.answered(500);
      service.signal('SIGTERM');
      const { code } = await service.ended;
      const report = await load.stop();
      assert.equal(code, 0);
      const accepted = new Set(service.lines('accepted').flatMap(({ ports }) => ports as number[]));
      assert.ok(accepted.size > 0);
      // A connection after the end is refused, and one in the kernel's queue when the socket is closed is reset. No worker
      // had accepted either.
      const { refused, reset, lost, samples } = report;
      assert.equal(lost, refused + reset, describeLosses(report));
      // The primary shrinks that queue first and the workers empty it; otherwise all clients would wait in it.
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

  test("S41: ten connections in the kernel's queue, the one worker busy, SIGTERM -> all are answered", async (t) => {
    const service = await startReadyService(t, { options: { workers: 1 } });
    const port = await service.port();
    const blocking = service.get('/block?ms=1500');
    await service.seen('blocking');
    // The worker accepts no connection now; the kernel does.
    const sockets = Array.from({ length: 10 }, () => connect(port, HOST));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    service.signal('SIGTERM');
    const answers = sockets.map(async (socket) => {
      socket.end(GET);
      return text(socket);
    });
    for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1\.1 200 OK/);
    assert.equal((await blocking).status, 200);
    assert.equal((await service.ended).code, 0);
  });
});
