// How a worker drains, connection by connection.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { GET, endOf, get, open } from '../helpers/raw-client.ts';
import { startReadyService } from '../helpers/service.ts';

suite('drain', () => {
  test('S14: silent connections and half-sent requests -> the drain ends at graceMs, not before', async (t) => {
    const graceMs = 1500;
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 300, graceMs } },
    });
    const silent = await open(service);
    const halfHead = await open(service);
    halfHead.write('GET / HTTP/1.1\r\nHost: loc');
    const halfBody = await open(service);
    halfBody.write(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nContent-Type: text/plain\r\n\r\nhalf',
    );
    await service.get('/');
    const ends = [silent, halfHead].map((socket) => endOf(socket));
    const cut = endOf(halfBody);
    const exited = service.next('worker exited');
    await service.rollOut();
    // The drain began after that. The line that tells of it may be written later than it began.
    const from = Number((await service.seen('building', { count: 2 }))['time']);
    await Promise.all(ends);
    await cut;
    const lasted = Number((await exited)['time']) - from;
    assert.equal((await exited)['code'], 0);
    assert.ok(lasted >= graceMs, `${lasted} ms`);
  });

  test('S15: a request on an idle connection soon after the drain began -> 200 with Connection: close', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 5000 } },
    });
    const idle = await open(service);
    idle.write(GET);
    const [first] = await once(idle, 'data');
    assert.match(String(first), /^HTTP\/1\.1 200 OK[\s\S]*connection: keep-alive/i);
    await service.rollOut();
    const rest = text(idle);
    idle.write(GET);
    assert.match(await rest, /^HTTP\/1\.1 200 OK[\s\S]*connection: close/i);
  });

  test('S16: pipelined requests that have arrived when the drain begins -> all are answered, in order', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 300 } },
    });
    const pipelining = await open(service);
    const answers = text(pipelining);
    const paths = ['/slow?ms=1500', '/slow?ms=1', '/', '/draining?ms=2000'];
    pipelining.write(paths.map(get).join(''));
    await service.get('/');
    await service.rollOut();
    const heads = [...(await answers).matchAll(/HTTP\/1\.1 (\d+) .*?\r\nConnection: (\S+)/gis)];
    assert.deepEqual(
      heads.map(([, status, connection]) => `${status} ${connection}`),
      ['200 keep-alive', '200 keep-alive', '200 keep-alive', '200 close'],
    );
  });

  test('S16: one more pipelined request during the drain -> it is answered, too', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 300 } },
    });
    const pipelining = await open(service);
    const answers = text(pipelining);
    pipelining.write(get('/draining?ms=1500'));
    await service.get('/');
    await service.rollOut();
    pipelining.write(GET);
    const heads = [...(await answers).matchAll(/HTTP\/1\.1 (\d+) .*?\r\nConnection: (\S+)/gis)];
    assert.deepEqual(
      heads.map(([, status, connection]) => `${status} ${connection}`),
      ['200 keep-alive', '200 close'],
    );
  });

  test('errors and unknown routes during a drain -> they get their answer, with Connection: close', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 5000 } },
    });
    const paths = ['/no-such-route', '/fail', '/chunks?ms=10'];
    const sockets = await Promise.all(paths.map(() => open(service)));
    for (const socket of sockets) {
      socket.write(GET);
      await once(socket, 'data');
    }
    await service.rollOut();
    const expected = [/^HTTP\/1\.1 404/, /^HTTP\/1\.1 500/, /^HTTP\/1\.1 200/];
    for (const [index, socket] of sockets.entries()) {
      const answer = text(socket);
      socket.write(get(paths[index] ?? ''));
      assert.match(await answer, expected[index] ?? /never/);
      assert.match(await answer, /connection: close/i);
    }
  });

  test('an upgraded connection -> it is not closed as an idle one, but at graceMs', async (t) => {
    const graceMs = 2_000;
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      options: { workers: 1, shutdown: { idleMs: 200, graceMs } },
    });
    const socket = await open(service);
    socket.write(GET);
    await once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    const [switched] = await once(socket, 'data');
    assert.match(String(switched), /^HTTP\/1\.1 101/);
    const ended = endOf(socket);
    // A shutdown, because its drain cannot begin before this moment.
    const from = performance.now();
    service.signal('SIGTERM');
    await ended;
    // The app was asked to end the connection, and did not: graceMs ends it.
    assert.ok(performance.now() - from >= graceMs);
    assert.equal((await service.ended).code, 0);
  });
});
