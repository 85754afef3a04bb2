import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import process from 'node:process';
import { suite, test } from 'node:test';
import { tcp } from '../../../../src/net/endpoint.ts';
import { canReusePort } from '../../../../src/primary/sockets/bound-socket.ts';
import { holdSockets } from '../../../../src/primary/sockets/held-sockets.ts';
import { SlotSockets } from '../../../../src/primary/sockets/slot-sockets.ts';
import { freePort } from '../../../helpers/free-ports.ts';
import { validated } from '../../options/validated.ts';

const skip = !canReusePort() && `Node.js ${process.version} cannot share a port between sockets`;

suite('sockets of slots', { skip }, () => {
  test('each slot has its own, on one port, and keeps it until it is closed', async () => {
    const { places } = validated({ listen: { host: '127.0.0.1', port: 0 } }).listen;
    const sockets = await holdSockets(places, () => assert.fail('it waits'), 'reuse-port');
    const [first] = sockets.ofSlot(0);
    const [second] = sockets.ofSlot(1);
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(second.endpoint, first.endpoint);
    assert.notEqual(second.fd, first.fd);
    assert.ok(first.isOfSlot && second.isOfSlot);
    assert.deepEqual(sockets.ofSlot(1), [second], 'a successor gets the same');
    assert.equal(sockets.closeSlot(1), true);
    assert.equal(sockets.closeSlot(1), true, 'another worker of it may be the last one');
    assert.equal(sockets.closeSlot(7), false, 'it had none');
    sockets.release();
    const successor = net.createServer().listen(Object(first.endpoint).port, '127.0.0.1');
    await once(successor, 'listening');
    successor.close();
  });

  test('one that is refused is an error that names the address', async () => {
    await assert.rejects(SlotSockets.hold([tcp({ host: '192.0.2.1', port: 1_024 })], 511), {
      code: 'FST_CLUSTERED_LISTEN_FAILED',
      message: /192\.0\.2\.1:1024/,
    });
  });

  test('two services at once: one of them has the port, the other one an error', async () => {
    const endpoints = [tcp({ host: '127.0.0.1', port: await freePort() })];
    const both = await Promise.allSettled([
      SlotSockets.hold(endpoints, 511),
      SlotSockets.hold(endpoints, 511),
    ]);
    const [held, ...others] = both.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    assert.deepEqual(others, []);
    const [refused] = both.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    assert.equal(refused.code, 'FST_CLUSTERED_LISTEN_FAILED');
    held?.close();
    const next = await SlotSockets.hold(endpoints, 511);
    next.close();
  });
});
