// What the end of the grace cuts is told, with its number.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import process from 'node:process';
import { suite, test } from 'node:test';
import { GET, endOf, get, open } from '../helpers/raw-client.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

const UPGRADE = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

const TIMES = { idleMs: 100, graceMs: 500 } as const;

suite('the end of the grace', () => {
  test('S98: requests and an upgraded connection that outlast graceMs -> a warning before the exit, with the worker, exit 0', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      options: { workers: 1, rollout: { minReadyMs: 0, ...TIMES } },
    });
    const pid = await service.readyPid();
    const ends = await occupy(service);
    const exited = service.next('worker exited');
    await service.rollOut();
    assert.equal((await exited)['code'], 0);
    await Promise.all(ends);
    const [cut, ...others] = service.lines('connections cut');
    assert.deepEqual(others, []);
    assert.deepEqual(
      {
        level: cut?.['level'],
        worker: cut?.worker,
        requests: cut?.['requests'],
        upgraded: cut?.['upgraded'],
      },
      { level: 40, worker: { slot: 0, generation: 1, pid }, requests: 2, upgraded: 1 },
    );
    const told = service.log.map(({ msg }) => msg);
    assert.ok(told.indexOf('connections cut') < told.indexOf('worker exited'));
    // Nothing was under way in the successor.
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('connections cut').length, 1);
  });

  test('S98: the primary is gone -> the worker says so on stderr', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      options: { workers: 1, shutdown: TIMES },
    });
    const ends = await occupy(service);
    const said = service.seenOnStderr(/slot 0, generation 1: 2 requests and 1 upgraded connections were cut/);
    process.kill(service.pid, 'SIGKILL');
    await said;
    await Promise.all(ends);
  });
});

/** Two requests that take too long, and an upgraded connection that the app does not end. */
async function occupy(service: Service): Promise<readonly Promise<void>[]> {
  const sockets: Socket[] = [];
  for (const sent of [get('/draining?ms=600000'), get('/stream?ms=600000'), UPGRADE, GET]) {
    const socket = await open(service);
    socket.write(sent);
    sockets.push(socket);
  }
  const [, , upgraded, answered] = sockets;
  assert.ok(upgraded && answered);
  await Promise.all([once(upgraded, 'data'), once(answered, 'data')]);
  return sockets.map((socket) => endOf(socket));
}
