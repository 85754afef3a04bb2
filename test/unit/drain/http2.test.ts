// HTTP/2 sessions end: streams in progress are answered; those that come too late are refused as unprocessed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Sessions } from '../../../src/drain/http2.ts';

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
    const { server, sessions, open } = await start(t);
    const client = await open();
    const arrived = new Promise<http2.ServerHttp2Stream>((resolve) => server.once('stream', resolve));
    const held = client.request({ ':path': '/held' });
    const stream = await arrived;
    sessions.end(LONG_MS);
    // The client cannot have received the GOAWAY when the last request arrives.
    const crossing = assert.rejects(
      new Promise((resolve) => server.once('stream', () => resolve(request(client)))),
      /NGHTTP2_REFUSED_STREAM/,
    );
    assert.equal(await request(client), 200);
    await crossing;
    stream.respond({ ':status': 200 });
    stream.end('whole');
    assert.equal((await text(held)).body, 'whole');
    await closed(client);
  });
});

interface Started {
  readonly server: http2.Http2Server;
  readonly sessions: Sessions;
  open(): Promise<http2.ClientHttp2Session>;
}

/** Answers every request except those to /held. */
async function start(t: TestContext): Promise<Started> {
  const server = http2.createServer();
  const sessions = new Sessions(server);
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    if (headers[':path'] === '/held') return;
    stream.respond({ ':status': 200 });
    stream.end('done');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    server,
    sessions,
    async open() {
      const client = http2.connect(`http://127.0.0.1:${address.port}`);
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
