// HTTP/2 sessions end: the GOAWAY stands behind the answers; streams that come too late are refused as unprocessed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Connections } from '../../../src/drain/connections.ts';
import { Sessions, openStreams } from '../../../src/drain/http2.ts';
import { answeredAfterGoaway, recordFrames } from '../../helpers/h2-frames.ts';
import type { Frame } from '../../helpers/h2-frames.ts';
import { readSlowly } from '../../helpers/read-slowly.ts';

const LONG_MS = 60_000;

suite('S17: HTTP/2 sessions end', () => {
  test('the first request of a new session is still answered, and is the last', async (t) => {
    const { sessions, open } = await start(t);
    const client = await open();
    sessions.end(LONG_MS);
    const goaway = once(client, 'goaway');
    assert.equal(await request(client), 200);
    const [code, lastStream] = await goaway;
    assert.deepEqual([code, lastStream], [http2.constants.NGHTTP2_NO_ERROR, 1]);
    await closed(client);
  });

  test('so is the first request of a session that is opened later', async (t) => {
    const { sessions, open } = await start(t);
    sessions.end(LONG_MS);
    const client = await open();
    assert.equal(await request(client), 200);
    await closed(client);
  });

  test('a session without any request ends after the shortest idleMs that was set', async (t) => {
    const { sessions, open } = await start(t);
    const [early, late] = [await open(), await open()];
    sessions.end(LONG_MS);
    sessions.end(50);
    sessions.end(LONG_MS);
    await Promise.all([early, late, await open()].map(closed));
  });

  test('a session that was used before gets one more request answered, too', async (t) => {
    const { sessions, open } = await start(t);
    const client = await open();
    assert.equal(await request(client), 200);
    sessions.end(LONG_MS);
    assert.equal(await request(client), 200);
    await closed(client);
  });

  test('a stream in progress is answered; one that crosses the GOAWAY is refused as unprocessed', async (t) => {
    const { server, sessions, open, hold } = await start(t);
    const client = await open();
    const { held, answer } = await hold(client);
    sessions.end(0);
    await overdue();
    // The client cannot have received the GOAWAY when the last request arrives.
    const crossing = assert.rejects(
      new Promise((resolve) => server.once('stream', () => resolve(request(client)))),
      /NGHTTP2_REFUSED_STREAM/,
    );
    assert.equal(await request(client), 200);
    await crossing;
    answer('whole');
    assert.equal((await text(held)).body, 'whole');
    await closed(client);
  });
});

suite('S96: GOAWAY stands behind the answer on the wire', () => {
  test('to the next request of an idle session', async (t) => {
    const { sessions, open, frames } = await start(t);
    const client = await open();
    assert.equal(await request(client), 200);
    sessions.end(LONG_MS);
    assert.equal(await request(client), 200);
    await closed(client);
    assertBehindAnswers(frames(), 2);
  });

  test('to the first request of a session that is opened later', async (t) => {
    const { sessions, open, frames } = await start(t);
    sessions.end(LONG_MS);
    const client = await open();
    assert.equal(await request(client), 200);
    await closed(client);
    assertBehindAnswers(frames(), 1);
  });

  test('to a request under way, however much longer than idleMs it takes', async (t) => {
    const { sessions, open, hold, frames } = await start(t);
    const client = await open();
    const { held, answer } = await hold(client);
    sessions.end(0);
    await overdue();
    answer('whole');
    assert.equal((await text(held)).body, 'whole');
    await closed(client);
    assertBehindAnswers(frames(), 1);
  });

  test('to the last of several requests under way', async (t) => {
    const { sessions, open, hold, frames } = await start(t);
    const client = await open();
    const first = await hold(client);
    const second = await hold(client);
    sessions.end(LONG_MS);
    second.answer('second');
    assert.equal((await text(second.held)).body, 'second');
    // There is one under way all the while, so that the session goes on.
    assert.equal(await request(client), 200);
    first.answer('first');
    assert.equal((await text(first.held)).body, 'first');
    await closed(client);
    assertBehindAnswers(frames(), 3);
  });

  for (const [what, options] of [
    ['the app has not read that there is no body', { ':path': '/' }],
    ['the app has read the body', { ':path': '/echo', ':method': 'POST' }],
  ] as const) {
    test(`in one piece with the end of it: ${what}`, async (t) => {
      const { server, sessions, open } = await start(t);
      sessions.end(LONG_MS);
      // While Node puts together what it sends, it pushes the end of the stream: the GOAWAY must be submitted by then.
      const submitted: boolean[] = [];
      server.on('stream', (stream: http2.ServerHttp2Stream) => {
        const { session, push } = stream;
        stream.push = (...chunk) => {
          const result = push.apply(stream, chunk);
          if (stream.closed) submitted.push(session?.closed ?? false);
          return result;
        };
      });
      const client = await open();
      const stream = client.request(options);
      stream.end(options[':path'] === '/' ? undefined : 'body');
      assert.equal((await text(stream)).status, 200);
      await closed(client);
      assert.equal(submitted[0], true);
    });
  }

  test('but if there always is one under way, a GOAWAY is sent when the first one comes after idleMs', async (t) => {
    const { sessions, open, hold, frames } = await start(t);
    const client = await open();
    const first = await hold(client);
    sessions.end(0);
    await overdue();
    const goaway = once(client, 'goaway');
    const second = await hold(client);
    assert.deepEqual((await goaway).slice(0, 2), [http2.constants.NGHTTP2_NO_ERROR, 3]);
    for (const { held, answer } of [first, second]) {
      answer('whole');
      assert.equal((await text(held)).body, 'whole');
    }
    await closed(client);
    assert.deepEqual(
      answeredAfterGoaway(frames()).flatMap(({ stream, ends }) => (ends ? [stream] : [])),
      [1, 3],
    );
  });
});

suite('S96: a session is closed in stages', () => {
  test('an answer on its way is not cut by what the client sends meanwhile', async (t) => {
    const { server, sessions, listening } = await start(t);
    const client = connect(listening, '127.0.0.1');
    t.after(() => client.destroy());
    const arrived = new Promise<http2.ServerHttp2Stream>((resolve) => server.once('stream', resolve));
    client.write(Buffer.concat([PREFACE, SETTINGS, WINDOW, GET_HELD]));
    const stream = await arrived;
    sessions.end(0);
    stream.respond({ ':status': 200 });
    stream.end(BODY);
    const { bytes, error } = await readSlowly(client, PING);
    assert.equal(error, undefined);
    assert.ok(bytes > BODY.length, `${bytes} bytes`);
  });
});

suite('HTTP/2, as Node keeps it', () => {
  test('the streams of a session that are open', async (t) => {
    const { server, open, hold } = await start(t);
    const session = new Promise<http2.ServerHttp2Session>((resolve) => server.once('session', resolve));
    const client = await open();
    assert.deepEqual(openStreams(await session), []);
    const { held, stream, answer } = await hold(client);
    assert.deepEqual(openStreams(await session), [stream]);
    const over = once(stream, 'close');
    answer('whole');
    await text(held);
    await over;
    assert.deepEqual(openStreams(await session), []);
  });
});

function assertBehindAnswers(frames: readonly Frame[], answers: number): void {
  assert.equal(frames.filter(({ ends }) => ends).length, answers);
  assert.ok(frames.some(({ type }) => type === 'GOAWAY'));
  assert.deepEqual(answeredAfterGoaway(frames), []);
}

/** Of an idleMs of 0: a timer that was set before has run. */
async function overdue(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

/** More than fits into the buffers of the kernel. */
const BODY = Buffer.alloc(8_000_000, 'x');

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** SETTINGS_INITIAL_WINDOW_SIZE: the client never has to ask for more. */
const SETTINGS = frame(4, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]));
const WINDOW = frame(8, 0, 0, Buffer.from([0x7f, 0, 0, 0]));
/** Indices of HPACK's static table for the method, the scheme, and the names of the authority and the path. END_STREAM and END_HEADERS. */
const GET_HELD = frame(1, 5, 1, Buffer.from('\x82\x86\x41\x01a\x44\x05/held', 'latin1'));
const PING = frame(6, 0, 0, Buffer.alloc(8));

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

interface Started {
  readonly server: http2.Http2Server;
  /** Its own port, without the recording. */
  readonly listening: number;
  readonly sessions: Sessions;
  open(): Promise<http2.ClientHttp2Session>;
  /** A request that is answered when the test says so. */
  hold(client: http2.ClientHttp2Session): Promise<Held>;
  /** What the server has sent on the first connection. */
  frames(): readonly Frame[];
}

interface Held {
  readonly held: http2.ClientHttp2Stream;
  readonly stream: http2.ServerHttp2Stream;
  answer(body: string): void;
}

/** Answers every request except those to /held. */
async function start(t: TestContext): Promise<Started> {
  const server = http2.createServer();
  const sessions = new Sessions(server, new Connections(server));
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    if (headers[':path'] === '/held') return;
    const answer = (): void => {
      stream.respond({ ':status': 200 });
      stream.end('done');
    };
    if (headers[':path'] === '/echo') stream.resume().on('end', answer);
    else answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { port, connections } = await recordFrames(t, address.port);
  return {
    server,
    listening: address.port,
    sessions,
    frames: () => connections[0] ?? [],
    async hold(client) {
      const arrived = new Promise<http2.ServerHttp2Stream>((resolve) => server.once('stream', resolve));
      const held = client.request({ ':path': '/held' });
      const stream = await arrived;
      return {
        held,
        stream,
        answer(body) {
          stream.respond({ ':status': 200 });
          stream.end(body);
        },
      };
    },
    async open() {
      const client = http2.connect(`http://127.0.0.1:${port}`);
      t.after(() => client.destroy());
      await Promise.all([once(server, 'session'), once(client, 'remoteSettings')]);
      return client;
    },
  };
}

async function request(client: http2.ClientHttp2Session): Promise<number | undefined> {
  return (await text(client.request({ ':path': '/' }))).status;
}

async function text(
  stream: http2.ClientHttp2Stream,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  let status: number | undefined;
  stream.once('response', (headers) => {
    status = headers[':status'];
  });
  let body = '';
  for await (const chunk of stream.setEncoding('utf8')) body += chunk;
  return { status, body };
}

async function closed(client: http2.ClientHttp2Session): Promise<void> {
  if (!client.destroyed) await once(client, 'close');
}
