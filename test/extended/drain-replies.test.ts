// Replies and requests of every kind that are under way when a worker begins to drain, or come while it drains.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { GET, endOf, get, open, received } from '../helpers/raw-client.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

const CLOSED = /^HTTP\/1\.1 200 OK[\s\S]*connection: close/i;
const POST =
  'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n';

suite('drain, replies of every kind', () => {
  test('S39: a client that reads a large answer slowly -> it gets all of it, however long that takes', async (t) => {
    const bytes = 12_000_000;
    const service = await startOne(t, { idleMs: 100 });
    const old = await service.readyPid();
    const client = await open(service);
    client.write(get(`/large?bytes=${bytes}`));
    const begin = await received(client, /\r\n\r\n/);
    await service.rollOut();
    const length = begin.length + (await readSlowly(client));
    assert.equal(length, begin.indexOf('\r\n\r\n') + 4 + bytes);
    await service.exited(old);
    assert.equal(service.lines('worker killed').length, 0);
  });

  test('a reply that is streaming when the drain begins -> it comes whole, and the next one on its connection says close', async (t) => {
    const service = await startOne(t, { idleMs: 5000 });
    const client = await open(service);
    client.write(get('/stream?ms=2500'));
    await received(client, /\r\n0\n/);
    await service.rollOut();
    const rest = await received(client, /\r\n0\r\n\r\n$/);
    assert.deepEqual(rest.match(/\d(?=\n\r\n)/g), ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    const last = text(client);
    client.write(GET);
    assert.match(await last, CLOSED);
  });

  test('Expect: 100-continue, sent before the drain or during it -> the worker waits for the body, and answers', async (t) => {
    const service = await startOne(t, { idleMs: 5000 });
    const [before, during] = await Promise.all([open(service), open(service)]);
    during.write(GET);
    await received(during, /"generation":1/);
    before.write(POST);
    await received(before, /^HTTP\/1\.1 100 Continue\r\n\r\n/);
    await service.rollOut();
    during.write(POST);
    await received(during, /^HTTP\/1\.1 100 Continue\r\n\r\n/);
    for (const client of [before, during]) {
      const answer = text(client);
      client.write('the body');
      assert.match(await answer, CLOSED);
      assert.match(await answer, /the body$/);
    }
  });

  test('a head or a body that is half sent when the drain begins -> it is answered once it is whole', async (t) => {
    const service = await startOne(t, { idleMs: 5000 });
    const [head, body] = await Promise.all([open(service), open(service)]);
    head.write('GET / HTTP/1.1\r\nHo');
    body.write(POST.replace('Expect: 100-continue\r\n', '') + 'half');
    await service.get('/');
    await service.rollOut();
    const answers = [head, body].map((client) => text(client));
    head.write('st: localhost\r\n\r\n');
    body.write('half');
    for (const answer of await Promise.all(answers)) assert.match(answer, CLOSED);
  });

  test('a request that comes in pieces -> each piece keeps its connection open for another idleMs', async (t) => {
    const service = await startOne(t, { idleMs: 2000 });
    const client = await open(service);
    client.write(GET);
    await received(client, /"generation":1/);
    await service.rollOut();
    const answer = text(client);
    // All together the pieces take longer than an idle connection would be kept.
    for (const piece of GET.match(/[\s\S]{1,5}/g) ?? []) {
      client.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 450));
    }
    assert.match(await answer, CLOSED);
  });

  test('an upgrade during the drain -> the app may accept it, and graceMs ends it', async (t) => {
    const graceMs = 2_500;
    const service = await startReadyService(t, {
      fixture: 'upgrade.js',
      options: { workers: 1, shutdown: { idleMs: 2_000, graceMs } },
    });
    const client = await open(service);
    client.write(GET);
    await received(client, /"generation":1/);
    const draining = service.next('worker draining');
    // A shutdown, because its drain cannot begin before this moment.
    const from = performance.now();
    service.signal('SIGTERM');
    await draining;
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await received(client, /^HTTP\/1\.1 101/);
    client.write('hello');
    await received(client, /hello/);
    await endOf(client);
    assert.ok(performance.now() - from >= graceMs);
    assert.equal((await service.ended).code, 0);
  });
});

async function startOne(
  t: Parameters<typeof startReadyService>[0],
  rollout: { readonly idleMs: number },
): Promise<Service> {
  return startReadyService(t, { options: { workers: 1, rollout: { minReadyMs: 0, ...rollout } } });
}

/** To the end, a piece at a time, with a pause after each. */
async function readSlowly(socket: Socket): Promise<number> {
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return bytes;
}
