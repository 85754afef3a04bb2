// Endpoints, as people and other programs read them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addressOf, formatEndpoint, tcp } from '../../../src/net/endpoint.ts';

suite('endpoint', () => {
  test('is written as in a URL: an IPv6 address in brackets, any other host as it is', () => {
    assert.equal(formatEndpoint(tcp({ host: '127.0.0.1', port: 3000 })), '127.0.0.1:3000');
    assert.equal(formatEndpoint(tcp({ host: '::1', port: 3000 })), '[::1]:3000');
    assert.equal(formatEndpoint(tcp({ host: 'localhost', port: 80 })), 'localhost:80');
  });

  test('its address is host and port, and no more', () => {
    const options = { host: '::', port: 0, backlog: 511 };
    assert.deepEqual(addressOf(tcp(options)), { host: '::', port: 0 });
  });
});
