// Whatever headers an app sets on its last response, and in whatever way: it says that the connection ends, and it ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { makeLast } from '../../../src/drain/last-response.ts';

type Answer = (response: ServerResponse) => unknown;

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Every way in which an app can ask to keep the connection alive. */
const WAYS: Readonly<Record<string, Answer>> = {
  'no header at all': (response) => response.end('ok'),
  'other headers only': (response) => response.setHeader('X-Other', 'kept').end('ok'),
  'shouldKeepAlive, set again': (response) => {
    response.shouldKeepAlive = true;
    response.end('ok');
  },
  'removeHeader: Node then says nothing of the connection': (response) => {
    response.removeHeader('Connection');
    response.end('ok');
  },
  setHeader: (response) => response.setHeader('Connection', 'keep-alive').end('ok'),
  'setHeader, in capitals': (response) =>
    response.setHeader('CONNECTION', 'Keep-Alive').setHeader('KEEP-ALIVE', 'timeout=72').end('ok'),
  'setHeader with values': (response) => response.setHeader('Connection', ['keep-alive', 'x-hop']).end('ok'),
  appendHeader: (response) =>
    response.appendHeader('Connection', 'keep-alive').appendHeader('Connection', 'x-hop').end('ok'),
  setHeaders: (response) =>
    response.setHeaders(new Headers({ connection: 'keep-alive', 'keep-alive': 'timeout=5' })).end('ok'),
  'writeHead with an object': (response) =>
    response
      .writeHead(200, { Connection: 'keep-alive', 'Keep-Alive': 'timeout=5', 'X-Other': 'kept' })
      .end('ok'),
  'writeHead with a reason and an object': (response) =>
    response.writeHead(200, 'Fine', { connection: ['keep-alive', 'x-hop'] }).end('ok'),
  'writeHead with a flat array': (response) =>
    response
      .writeHead(200, ['Connection', 'keep-alive', 'Keep-Alive', 'timeout=5', 'X-Other', 'kept'])
      .end('ok'),
  'writeHead with pairs': (response) =>
    response
      .writeHead(200, Object(Object.entries({ connection: 'keep-alive', 'X-Other': 'kept' })))
      .end('ok'),
  'writeHead after setHeader': (response) =>
    response.setHeader('X-Other', 'kept').writeHead(200, { Connection: 'keep-alive' }).end('ok'),
  'writeHead with a flat array after setHeader': (response) =>
    response.setHeader('X-Other', 'kept').writeHead(200, ['connection', 'keep-alive']).end('ok'),
  flushHeaders: (response) => {
    response.setHeader('Connection', 'keep-alive').flushHeaders();
    response.end('ok');
  },
  'write, and so implicit headers': (response) => {
    response.setHeader('Connection', 'keep-alive').write('o');
    response.end('k');
  },
  'a writeHead that the app has replaced before': (response) => {
    response.writeHead(200).end('ok');
  },
  'after informational responses': (response) => {
    response.writeContinue();
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.setHeader('Connection', 'keep-alive').end('ok');
  },
  'a status without a body': (response) => response.writeHead(204, { Connection: 'keep-alive' }).end(),
};

suite('the last response of a connection', () => {
  for (const [way, answer] of Object.entries(WAYS)) {
    for (const version of ['1.1', '1.0'] as const) {
      test(`S95: HTTP/${version}, ${way}`, async (t) => {
        const client = await serve(t, (_request, response) => {
          if (way.startsWith('a writeHead that the app')) overrideWriteHead(response);
          makeLast(response);
          answer(response);
        });
        client.write(`GET / HTTP/${version}\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n`);
        // Until the server closes the connection.
        const final = (await text(client)).replaceAll(/HTTP\/1\.1 1\d\d [^]*?\r\n\r\n/g, '');
        const head = final.slice(0, final.indexOf('\r\n\r\n'));
        assert.equal((head.match(/^connection:/gim) ?? []).length, 1, head);
        assert.match(head, /^connection: (x-hop, )?close\r?$/im);
        assert.doesNotMatch(head, /keep-alive/i);
        if (/x-hop/.test(String(answer))) assert.match(head, /^connection: x-hop, close/im);
        if (/X-Other/.test(String(answer))) assert.match(head, /^x-other: kept/im);
        if (!head.includes(' 204 ')) assert.match(final, /(ok|o\r\n1\r\nk)(\r\n0\r\n\r\n)?$/);
      });
    }
  }

  test('other connection options stay: an upgrade that is offered, hop-by-hop headers', async (t) => {
    const client = await serve(t, (_request, response) => {
      makeLast(response);
      response.writeHead(426, {
        Connection: 'Upgrade, Keep-Alive',
        Upgrade: 'h2c',
        'Proxy-Connection': 'keep-alive',
      });
      response.end();
    });
    client.write(GET);
    const answer = await text(client);
    assert.match(answer, /^connection: Upgrade, close\r$/im);
    assert.match(answer, /^upgrade: h2c\r$/im);
    assert.match(answer, /^proxy-connection: keep-alive\r$/im);
  });

  test('101 is left alone: from then on the connection belongs to the app', async (t) => {
    const heads = await Promise.all(
      [makeLast, () => undefined].map(async (mark) => {
        const client = await serve(t, (request, response) => {
          mark(response);
          response.sendDate = false;
          response.writeHead(101, { Connection: 'Upgrade', Upgrade: 'echo' }).flushHeaders();
          request.socket.write('the app’s own');
        });
        client.write(GET);
        for (let sofar = ''; ;) {
          const [chunk] = await once(client, 'data');
          sofar += String(chunk);
          if (sofar.includes('own')) return sofar;
        }
      }),
    );
    assert.match(heads[0] ?? '', /^connection: upgrade\r$/im);
    assert.equal(heads[0], heads[1]);
  });

  test('undone before the head is sent, the response is as the app wants it', async (t) => {
    const client = await serve(t, (request, response) => {
      const undo = makeLast(response);
      if (request.url === '/') undo();
      response.setHeader('Connection', 'keep-alive').end('ok');
    });
    client.write(GET);
    const [first] = await once(client, 'data');
    assert.match(String(first), /^connection: keep-alive\r$/im);
    client.write(GET.replace('/', '/last'));
    assert.match(await text(client), /^connection: close\r$/im);
  });
});

/** As on-headers does it, which middleware for compression and sessions uses. */
function overrideWriteHead(response: ServerResponse): void {
  const { writeHead } = response;
  response.writeHead = (...args: unknown[]) => {
    response.setHeader('Connection', 'keep-alive');
    return Reflect.apply(writeHead, response, args);
  };
}

async function serve(
  t: TestContext,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Socket> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => {
    client.destroy();
    server.close();
  });
  return client;
}
