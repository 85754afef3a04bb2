// How a drain closes connections of HTTPS: in stages, with close_notify, and never with bytes still on their way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import tls from 'node:tls';
import { startDelayingProxy } from '../helpers/delaying-proxy.ts';
import { ResponseReader } from '../helpers/response-reader.ts';
import { startReadyService } from '../helpers/service.ts';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const LARGE = 4_000_000;

suite('closing over TLS', () => {
  test('S20: an idle connection of HTTPS in a rollout -> close_notify, then FIN, and no reset', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'tls.js',
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 200 } },
    });
    const relay = await startRelay(t, await service.port());
    // In TLS 1.3 an alert looks like any other record.
    const { socket, read } = await connect(relay.port, 'TLSv1.2');
    assert.equal((await read('/')).status, 200);
    const ended = once(socket, 'end');
    await service.rollOut();
    await ended;
    const ALERT = 21;
    assert.equal(relay.recordTypes().at(-1), ALERT);
    assert.equal(await relay.ended, 'FIN');
    socket.destroy();
    await service.drained();
  });

  for (const version of VERSIONS)
    test(`S20: an answer of 4 MB over ${version}, 40 ms away and read slowly, a rollout -> it arrives whole, with Connection: close`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'tls.js',
        options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 200 } },
      });
      const proxy = await startDelayingProxy({ upstream: await service.origin(), delayMs: 40 });
      t.after(() => proxy.close());
      const { socket, read } = await connect(proxy.port, version);
      await read('/');
      const draining = service.next('worker draining');
      const rolled = service.rollOut();
      await draining;
      const answer = await read(`/large?bytes=${LARGE}`, 20);
      assert.equal(answer.headers.get('connection'), 'close');
      assert.equal(answer.body().length, LARGE);
      await rolled;
      await service.drained();
      assert.equal(socket.errored, null);
      assert.deepEqual([proxy.stats.resetByUpstream, proxy.stats.refused], [0, 0]);
      assert.equal((await service.seen('worker exited'))['code'], 0);
    });
});

interface Connection {
  readonly socket: tls.TLSSocket;
  /** One request after the other. With a pause behind each piece that has arrived, in ms. */
  read(path: string, pauseMs?: number): Promise<ResponseReader>;
}

async function connect(port: number, version: (typeof VERSIONS)[number]): Promise<Connection> {
  const options: tls.ConnectionOptions & { readonly allowHalfOpen: true } = {
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    allowHalfOpen: true,
  };
  const socket = tls.connect(options);
  await once(socket, 'secureConnect');
  return {
    socket,
    async read(path, pauseMs = 0) {
      const reader = new ResponseReader('GET', true);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await new Promise<void>((resolve, reject) => {
        const settle = (act: () => void): void => {
          socket.off('data', receive).off('error', reject).off('end', cut);
          act();
        };
        const receive = (bytes: Buffer): void => {
          reader.read(bytes);
          if (reader.complete) return settle(resolve);
          if (pauseMs === 0) return;
          socket.pause();
          setTimeout(() => socket.resume(), pauseMs);
        };
        const cut = (): void => settle(() => reject(new Error('the answer was cut')));
        socket.on('data', receive).on('error', reject).on('end', cut);
      });
      return reader;
    },
  };
}

interface Relay {
  readonly port: number;
  /** Of what the service has sent, in the order of the records. */
  recordTypes(): readonly number[];
  /** How the service has ended it. */
  readonly ended: Promise<'FIN' | 'reset'>;
}

/** Hands one connection on as it is, and remembers what the service sends. */
async function startRelay(t: { after(hook: () => void): void }, port: number): Promise<Relay> {
  const chunks: Buffer[] = [];
  const sockets: net.Socket[] = [];
  let end: (how: 'FIN' | 'reset') => void = () => undefined;
  const ended = new Promise<'FIN' | 'reset'>((resolve) => {
    end = resolve;
  });
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(client, upstream);
    client.on('error', () => undefined);
    upstream.on('error', () => end('reset'));
    upstream.on('data', (chunk: Buffer) => chunks.push(chunk));
    upstream.on('end', () => end('FIN'));
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    ended,
    recordTypes() {
      const bytes = Buffer.concat(chunks);
      const types: number[] = [];
      // RFC 8446, section 5.1: a type, a version of two bytes, a length of two bytes.
      for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
        types.push(bytes[at] ?? 0);
      return types;
    },
  };
}
