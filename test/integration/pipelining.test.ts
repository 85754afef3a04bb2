// The load client when it pipelines: every request has its fate, also those behind an answer that is the last one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import { describeLosses, startLoad } from '../helpers/load-client.ts';
import type { Load, LoadOptions } from '../helpers/load-client.ts';
import { startReadyService } from '../helpers/service.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n';
const PAIR = `${OK}\r\nok${OK}\r\nok`;

suite('pipelining', () => {
  test('pairs go out at once, and are answered in order, however the answers come in pieces', async (t) => {
    const requests: string[] = [];
    const load = await against(t, (socket, request) => {
      requests.push(request);
      socket.write(PAIR.slice(0, 50));
      setImmediate(() => socket.write(PAIR.slice(50)));
    });
    await load.answered(20);
    const report = await load.stop();
    assert.equal(report.lost, 0, describeLosses(report));
    assert.equal(report.connectionsOpened, 1);
    assert.match(requests[0] ?? '', /^GET \/\?0 [^]*GET \/\?1 /);
    assert.equal(requests.length * 2, report.answered);
  });

  for (const [what, answer, fate, code] of [
    ['says Connection: close', `${OK}Connection: close\r\n\r\nok`, 'reset', 'behind the last answer'],
    ['is followed by a FIN', `${OK}\r\nok`, 'reset', 'FIN'],
    ['is followed by half an answer', PAIR.slice(0, -1), 'cut', 'FIN'],
  ] as const) {
    test(`the first answer ${what}: the second request is lost`, async (t) => {
      const load = await against(t, (socket) => socket.end(answer));
      await load.finished(2);
      const report = await load.stop();
      assert.equal(report.answered, report.sent / 2);
      assert.equal(report[fate], report.lost);
      const [loss] = report.samples;
      assert.deepEqual([loss?.code, loss?.number, loss?.requestOnConnection], [code, 1, 2]);
    });
  }

  test('more bytes than both have asked for are told', async (t) => {
    const load = await against(t, (socket) => socket.end(`${PAIR}more`));
    await load.finished(2);
    const report = await load.stop();
    assert.match(report.samples[0]?.code ?? '', /4 bytes beyond the end/);
  });

  test('S16: pairs over a rollout: 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: { minReadyMs: 200, idleMs: 1_000 } } });
    const load = startPairs({ origin: { host: '127.0.0.1', port: await service.port() }, clients: 16 });
    await load.answered(200);
    assert.equal((await service.restart()).outcome, 'completed');
    await service.seen('worker exited', { count: 2 });
    await load.answered(load.counts().answered + 200);
    const report = await load.stop();
    assert.equal(report.lost, 0, describeLosses(report));
  });
});

function startPairs(options: Pick<LoadOptions, 'origin' | 'clients'>): Load {
  const request: LoadOptions['request'] = (number) => ({ method: 'GET', path: `/?${number}` });
  return startLoad({ connections: 'kept-alive', pipelined: 2, request, ...options });
}

/** One client against a server that is given what came, piece by piece. */
async function against(
  t: { after(hook: () => void): void },
  answer: (socket: Socket, request: string) => void,
): Promise<Load> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (bytes) => answer(socket, bytes.toString()));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return startPairs({ origin: { host: '127.0.0.1', port: address.port }, clients: 1 });
}
