// An app that sets `Connection: keep-alive` itself: its drains lose nothing, and end when the requests do.
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { rollTwiceUnderLoad } from '../helpers/drains-with-requests.ts';
import { get, open, received } from '../helpers/raw-client.ts';
import { startReadyService } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

const PATHS = ['/reply', '/object', '/flat', '/pairs', '/flushed', '/hinted'];

suite('an app that sets Connection: keep-alive', () => {
  test('S95: in every way to say so, two rollouts under load -> 0 lost, and each drain ends with its requests', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'keep-alive.js',
      options: { rollout: { ...ENDLESS, minReadyMs: 100 } },
    });
    await rollTwiceUnderLoad(service, (number) => ({
      method: 'GET',
      path: PATHS[number % PATHS.length] ?? '/',
    }));
  });

  test('S95: pipelined requests -> only the last answer says close, the others what the app says', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'keep-alive.js',
      options: { workers: 1, rollout: { ...ENDLESS, minReadyMs: 0 } },
    });
    const client = await open(service);
    client.write(get('/object'));
    await received(client, /ok/);
    await service.rollOut();
    const answers = text(client);
    client.write(PATHS.map((path) => get(path)).join(''));
    // Read to the end: the server closes the connection behind the last answer.
    const heads = (await answers).match(/^connection: .*$/gim);
    assert.deepEqual(
      heads?.map((head) => head.toLowerCase()),
      [...PATHS.slice(1).map(() => 'connection: keep-alive'), 'connection: close'],
    );
    await service.seen('worker exited');
  });

  test('S95: an HTTP/1.0 client that the app keeps alive -> its last answer says close', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'keep-alive.js',
      options: { workers: 1, rollout: { ...ENDLESS, minReadyMs: 0 } },
    });
    const client = await open(service);
    const request = get('/reply')
      .replace('HTTP/1.1', 'HTTP/1.0')
      .replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n');
    client.write(request);
    assert.match(await received(client, /ok$/), /connection: keep-alive/i);
    await service.rollOut();
    const last = text(client);
    client.write(request);
    assert.match(await last, /connection: close[^]*ok$/i);
    await service.seen('worker exited');
  });
});
