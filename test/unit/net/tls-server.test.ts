// What is read from the fields of a TLS server, and written to them: every supported version of Node has them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import tls from 'node:tls';
import {
  clientChecksOf,
  hasDefaultSessionIdContext,
  hasTicketKeysOption,
  setSessionIdContext,
} from '../../../src/net/tls-server.ts';

const KEYS = Buffer.alloc(48, 7);

suite('fields of a TLS server', () => {
  test('S20: the default session id context is told from one that the app has set', () => {
    assert.equal(hasDefaultSessionIdContext(tls.createServer()), true);
    assert.equal(hasDefaultSessionIdContext(tls.createServer({ sessionIdContext: 'own' })), false);
  });

  test('S20: another one is taken, and the server can make contexts anew', () => {
    const server = tls.createServer();
    setSessionIdContext(server, 'x'.repeat(32));
    assert.equal(hasDefaultSessionIdContext(server), false);
    assert.throws(() => setSessionIdContext(server, 'x'.repeat(33)), /session id context/i);
  });

  test('S20: keys in the options are known, also those of setSecureContext()', () => {
    assert.equal(hasTicketKeysOption(tls.createServer()), false);
    const server = tls.createServer({ ticketKeys: KEYS });
    server.setSecureContext({});
    assert.equal(hasTicketKeysOption(server), true);
  });

  test('S20: servers that check their clients differently differ', () => {
    const ca = ['one', 'another'].map((name) => Buffer.from(name));
    const servers = [
      {},
      { requestCert: true },
      { requestCert: true, rejectUnauthorized: false },
      ...ca.map((each) => ({ requestCert: true, ca: each })),
    ].map((options) =>
      Object.assign(tls.createServer(), { requestCert: false, rejectUnauthorized: true }, options),
    );
    const checks = servers.map((server) => clientChecksOf(server));
    assert.equal(new Set(checks).size, servers.length, checks.join('\n'));
    assert.equal(clientChecksOf(Object.assign(tls.createServer(), { ca: 'one' })), checks[0]);
  });

  test('S20: the fields are those that the options set', () => {
    const asked = tls.createServer({ requestCert: true, rejectUnauthorized: false });
    assert.notEqual(clientChecksOf(asked), clientChecksOf(tls.createServer({ requestCert: true })));
    assert.notEqual(clientChecksOf(asked), clientChecksOf(tls.createServer()));
  });
});
