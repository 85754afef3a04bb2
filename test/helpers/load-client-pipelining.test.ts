// The load client when it pipelines: every request has its fate, also one behind the last answer of a connection.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import { listen } from './listen.ts';
import { startLoad } from './load-client.ts';
import type { Load } from './load-client.ts';
import { describeLosses } from './load-report.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n';
const PAIR = `${OK}\r\nok${OK}\r\nok`;

suite('the load client, pipelining', () => {
  test('pairs are sent at once and answered in order, in whatever pieces the answers come', async (t) => {
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
    test(`the first answer ${what} -> the second request is lost`, async (t) => {
      const load = await against(t, (socket) => socket.end(answer));
      await load.finished(2);
      const report = await load.stop();
      assert.equal(report.answered, report.sent / 2);
      assert.equal(report[fate], report.lost);
      const [loss] = report.samples;
      assert.deepEqual([loss?.code, loss?.number, loss?.requestOnConnection], [code, 1, 2]);
    });
  }

  test('bytes beyond both answers -> the last request is cut', async (t) => {
    const load = await against(t, (socket) => socket.end(`${PAIR}more`));
    await load.finished(2);
    const report = await load.stop();
    assert.match(report.samples[0]?.code ?? '', /4 bytes beyond the end/);
  });
});

/** One client against a server that is given what came, piece by piece. */
async function against(
  t: { after(hook: () => void): void },
  answer: (socket: Socket, request: string) => void,
): Promise<Load> {
  const server = createServer((socket) => {
    socket.on('data', (bytes) => answer(socket, bytes.toString()));
    socket.on('error', () => undefined);
  });
  return startLoad({
    origin: { host: '127.0.0.1', port: await listen(t, server) },
    clients: 1,
    connections: 'kept-alive',
    pipelined: 2,
    request: (number) => ({ method: 'GET', path: `/?${number}` }),
  });
}
