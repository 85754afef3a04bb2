// The load client of HTTP/2, with servers that treat its requests in each way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startHttp2Load } from './http2-load.ts';
import type { Http2LoadOptions, Http2Report } from './http2-load.ts';

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

async function loadOn(
  t: TestContext,
  serve: (stream: ServerHttp2Stream, number: number, socket: Socket | undefined) => void,
  options: Partial<Http2LoadOptions> = {},
): Promise<Http2Report> {
  let number = 0;
  const sockets = new Map<unknown, Socket>();
  let newest: Socket | undefined;
  const server = http2.createServer().on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    number += 1;
    serve(stream, number, sockets.get(stream.session));
  });
  // Before Node makes the session of it.
  server.prependListener('connection', (socket: Socket) => {
    newest = socket;
  });
  server.on('session', (session) => void (newest && sockets.set(session, newest)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const load = startHttp2Load({ origin, sessions: 2, streams: 2, connections: 'kept', ...options });
  await load.more(12);
  return load.stop();
}

function answer(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 });
  stream.end('ok');
}

suite('load client of HTTP/2', () => {
  for (const connections of ['kept', 'fresh'] as const)
    test(`${connections} sessions, every request is answered -> nothing is lost`, async (t) => {
      const report = await loadOn(t, answer, { connections });
      assert.deepEqual(
        [report.lost, report.unprocessed, report.repeated],
        [0, 0, 0],
        report.samples.join('\n'),
      );
      assert.equal(report.answered, report.sent);
    });

  test('REFUSED_STREAM -> the request is repeated, and counted as unprocessed', async (t) => {
    const report = await loadOn(t, (stream, number) =>
      number % 3 === 0 ? stream.close(NGHTTP2_REFUSED_STREAM) : answer(stream),
    );
    assert.deepEqual([report.lost, report.answered], [0, report.sent], report.samples.join('\n'));
    assert.ok(report.unprocessed >= 3 && report.repeated <= report.unprocessed);
  });

  test('another error of the stream, a status of 500, a wrong body -> lost, and not repeated', async (t) => {
    const served: readonly ((stream: ServerHttp2Stream) => void)[] = [
      (stream) => stream.close(NGHTTP2_INTERNAL_ERROR),
      (stream) => stream.respond({ ':status': 500 }, { endStream: true }),
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end('no');
      },
    ];
    const report = await loadOn(t, (stream, number) => served[number % 3]?.(stream), {
      check: ({ body }) => body.toString() === 'ok',
    });
    assert.deepEqual([report.lost, report.answered, report.repeated], [report.sent, 0, 0]);
    for (const why of [/NGHTTP2_INTERNAL_ERROR/, /status 500/, /failed the check/])
      assert.match(report.samples.join('\n'), why);
  });

  test('a session that is destroyed under way -> its requests are lost', async (t) => {
    const report = await loadOn(t, (stream, number, socket) =>
      number % 5 === 0 ? socket?.destroy() : answer(stream),
    );
    assert.ok(report.lost > 0 && report.answered > 0, JSON.stringify(report));
    assert.equal(report.unprocessed, 0);
  });

  test('no answer -> hung', async (t) => {
    const report = await loadOn(t, (stream, number) => void (number > 4 && answer(stream)), {
      hungAfterMs: 100,
    });
    assert.ok(report.hung >= 1, JSON.stringify(report));
    assert.equal(report.lost, report.hung + countLost(report));
  });

  test('nobody listens -> refused', async () => {
    const load = startHttp2Load({
      origin: 'http://127.0.0.1:1',
      sessions: 1,
      streams: 1,
      connections: 'kept',
    });
    await load.more(2);
    const { refused, lost, sent } = await load.stop();
    assert.deepEqual([refused, lost], [sent, sent]);
  });
});

/** Of those that were under way beside a hung one, on its session. */
function countLost({ samples }: Http2Report): number {
  return samples.filter((sample) => sample.includes('otherwise lost')).length;
}
