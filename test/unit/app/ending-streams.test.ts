import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { EndingStreams } from '../../../src/app/ending-streams.ts';

suite('streams that end when the drain begins', () => {
  test('one that is written to: it is the same, and what was written before arrives', async () => {
    const streams = new EndingStreams();
    const stream = new PassThrough();
    assert.equal(streams.add(stream), stream);
    stream.write('data: 1\n\n');
    streams.end(0);
    assert.equal(await text(stream), 'data: 1\n\n');
  });

  test('one that is only read: another one ends behind what it has given, and it is destroyed', async () => {
    const streams = new EndingStreams();
    const source = Readable.from(
      (async function* () {
        yield 'data: 1\n\n';
        // For ever.
        await new Promise(() => undefined);
      })(),
    );
    const stream = streams.add(source);
    const [chunk] = await once(stream, 'data');
    const ended = once(stream, 'end');
    streams.end(0);
    await ended;
    assert.equal(String(chunk), 'data: 1\n\n');
    assert.ok(source.destroyed);
  });

  test('objects stay objects', async () => {
    const streams = new EndingStreams();
    const stream = streams.add(Readable.from([{ id: 1 }, { id: 2 }]));
    assert.deepEqual(await stream.toArray(), [{ id: 1 }, { id: 2 }]);
  });

  test('a source that fails, and a reader that goes: the other one hears of it', async () => {
    const streams = new EndingStreams();
    const failing = new Readable({ read: () => undefined });
    const stream = streams.add(failing);
    failing.destroy(new Error('broken'));
    await assert.rejects(text(stream), /broken/);
    const source = new Readable({ read: () => undefined });
    const left = streams.add(source);
    const closed = once(source, 'close');
    left.destroy();
    await closed;
  });

  test('during the drain: at once, behind what the app writes in the same turn', async () => {
    const streams = new EndingStreams();
    streams.end(0);
    const stream = new PassThrough();
    streams.add(stream);
    stream.write('data: late\n\n');
    assert.equal(await text(stream), 'data: late\n\n');
  });

  test('many: one after the other, at most 10 ms apart, the last one in time', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const ended = (count: number, withinMs: number): ((ms: number) => number) => {
      const streams = new EndingStreams();
      let left = count;
      for (let index = 0; index < count; index += 1) {
        const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
        stream.end = () => ((left -= 1), stream);
        streams.add(stream);
      }
      streams.end(withinMs);
      return (ms) => {
        t.mock.timers.tick(ms);
        return count - left;
      };
    };
    const few = ended(3, 5_000);
    assert.deepEqual([few(0), few(10), few(10)], [1, 2, 3]);
    const thousands = ended(5_000, 1_000);
    assert.equal(thousands(0), 1);
    assert.ok(thousands(500) > 2_000);
    assert.equal(thousands(500), 5_000);
    assert.equal(ended(7, 0)(0), 7, 'without time: at once');
  });

  test('one that has ended, or fails to end, holds nobody up', async () => {
    const streams = new EndingStreams();
    const gone = new PassThrough();
    streams.add(gone);
    gone.destroy();
    await once(gone, 'close');
    const broken = new PassThrough();
    broken.end = () => {
      throw new Error('broken');
    };
    streams.add(broken);
    const stream = new PassThrough();
    streams.add(stream);
    streams.end(0);
    stream.resume();
    await once(stream, 'end');
  });

  for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
    test(`a response of ${protocol}: the client gets all of it`, async (t) => {
      const streams = new EndingStreams();
      const respond = (response: http.ServerResponse | http2.Http2ServerResponse): void => {
        // What both have in common is what is used.
        streams.add(response as http.ServerResponse);
        (response as http.ServerResponse).write('data: 1\n\n');
        setImmediate(() => streams.end(0));
      };
      const server =
        protocol === 'HTTP/2'
          ? http2.createServer((_request, response) => respond(response))
          : http.createServer((_request, response) => respond(response));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const origin = `http://127.0.0.1:${Reflect.get(Object(server.address()), 'port')}`;
      if (protocol === 'HTTP/1.1') {
        const answer = await fetch(origin, { headers: { connection: 'close' } });
        assert.equal(await answer.text(), 'data: 1\n\n');
        return;
      }
      const session = http2.connect(origin);
      const stream = session.request({ ':path': '/' });
      assert.equal(await text(stream), 'data: 1\n\n');
      assert.equal(stream.rstCode, 0);
      session.close();
    });
  }
});
