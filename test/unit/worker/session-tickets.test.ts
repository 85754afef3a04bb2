// The ticket keys that a worker gives its TLS servers: the same in every worker, others for each kind of server.
import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import { suite, test } from 'node:test';
import tls from 'node:tls';
import { SessionTickets } from '../../../src/worker/session-tickets.ts';

const SECRET = { ticketSecret: Buffer.alloc(32, 1).toString('base64') };
const HALF = Buffer.alloc(32, 2).toString('base64');
const OTHER_HALF = Buffer.alloc(32, 3).toString('base64');
const OWN = Buffer.alloc(48, 7);

/** Of a server in a worker of its own. */
function keysOf(options: tls.TlsOptions, name = 'app', half = HALF, secret: object = SECRET): string {
  const tickets = new SessionTickets(secret);
  const server = tls.createServer(options);
  tickets.add(server, name);
  tickets.setKeys(half);
  return server.getTicketKeys().toString('hex');
}

suite('session tickets', () => {
  test('S20: the same kind of server -> the same keys in every worker, whether it is added before they come or after', () => {
    const tickets = new SessionTickets(SECRET);
    tickets.setKeys(HALF);
    const server = http2.createSecureServer();
    tickets.add(server, 'app');
    assert.ok(server instanceof tls.Server);
    assert.equal(server.getTicketKeys().toString('hex'), keysOf({}));
  });

  test('S20: another name, other checks of clients, another half -> other keys', () => {
    const all = [
      keysOf({}),
      keysOf({}, 'endpoint metrics'),
      keysOf({ requestCert: true }),
      keysOf({ requestCert: true, rejectUnauthorized: false }),
      keysOf({}, 'app', OTHER_HALF),
      keysOf({}, 'app', HALF, { ticketSecret: OTHER_HALF }),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  test("S20: the app's own keys stay, given as an option, by the method, or later", () => {
    const tickets = new SessionTickets(SECRET);
    const servers = [tls.createServer({ ticketKeys: OWN }), tls.createServer(), tls.createServer()];
    servers[1]?.setTicketKeys(OWN);
    for (const server of servers) tickets.add(server, 'app');
    tickets.setKeys(HALF);
    servers[2]?.setTicketKeys(OWN);
    tickets.setKeys(OTHER_HALF);
    for (const server of servers) assert.deepEqual(server.getTicketKeys(), OWN);
  });

  test('S20: a primary that has no such keys, a server that is taken back, one without TLS -> nothing changes', () => {
    assert.notEqual(keysOf({}, 'app', HALF, {}), keysOf({}, 'app', HALF, {}));
    const tickets = new SessionTickets(SECRET);
    const server = tls.createServer();
    const before = server.getTicketKeys();
    tickets.add(server, 'further');
    tickets.remove(server);
    tickets.add(http.createServer(), 'further');
    tickets.setKeys(HALF);
    assert.deepEqual(server.getTicketKeys(), before);
  });
});
