// Requests that Node tells in another way than as 'request' are answered with `Connection: close`, too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { Connections } from '../../../src/drain/connections.ts';
import { closeAfterLastResponse } from '../../../src/drain/farewell.ts';

suite('the farewell', () => {
  for (const [event, expectation] of [
    ['checkContinue', '100-continue'],
    ['checkExpectation', 'something-else'],
  ] as const) {
    for (const isPassedOn of [false, true]) {
      test(`a request with Expect: ${expectation}, answered by ${isPassedOn ? "'request'" : `'${event}'`}`, async (t) => {
        const answer = (_request: IncomingMessage, response: ServerResponse): void => {
          response.writeHead(200, { Connection: 'keep-alive', 'Content-Length': 2 }).end('ok');
        };
        const server = http.createServer(answer);
        server.on(event, (request: IncomingMessage, response: ServerResponse) => {
          if (isPassedOn) server.emit('request', request, response);
          else answer(request, response);
        });
        closeAfterLastResponse(new Connections(server));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
        t.after(() => {
          client.destroy();
          server.close();
        });
        client.write(
          `POST / HTTP/1.1\r\nHost: localhost\r\nExpect: ${expectation}\r\nContent-Length: 2\r\n\r\nhi`,
        );
        // To the end: the server closes behind it.
        assert.match(await text(client), /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*ok$/i);
      });
    }
  }
});
