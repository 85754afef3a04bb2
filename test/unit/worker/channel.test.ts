// The worker's end of the channel: what it has asked for, and what becomes of that when the primary is gone.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { wrap } from '../../../src/protocol/envelope.ts';
import type { PrimaryMessage } from '../../../src/protocol/from-primary.ts';
import { Channel } from '../../../src/worker/channel.ts';

const GONE = { code: 'FST_CLUSTERED_PRIMARY_GONE' };

suite('the channel of a worker', () => {
  test('each request gets the response with its id, whatever the order', async (t) => {
    const { channel, respond } = open(t);
    const first = channel.request('status');
    const second = channel.request('restart');
    respond(2, 'second');
    respond(1, 'first');
    assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
  });

  test('when the primary is gone, requests without a response are rejected, and so are later ones', async (t) => {
    const { channel, disconnect, disconnects } = open(t);
    const pending = [channel.request('status'), channel.request('restart')];
    disconnect();
    for (const request of pending) await assert.rejects(request, GONE);
    await assert.rejects(channel.request('status'), GONE);
    assert.equal(disconnects(), 1);
    assert.equal(await channel.send({ type: 'retire' }), false);
    assert.equal(channel.broadcast({ topic: 'a', json: '1' }), false);
  });
});

/** This process stands for the worker. Nothing is sent, and nobody else speaks to it. */
function open(t: TestContext) {
  const before = { connected: process.connected, send: process.send };
  const listeners = new Set([...process.rawListeners('message'), ...process.rawListeners('disconnect')]);
  const become = (connected: boolean, send: typeof process.send): void => {
    Object.defineProperty(process, 'connected', { value: connected, configurable: true, writable: true });
    Object.defineProperty(process, 'send', { value: send, configurable: true, writable: true });
  };
  become(true, (_message: unknown, ...rest: readonly unknown[]) => {
    const written = rest.at(-1);
    if (typeof written === 'function') written(null);
    return true;
  });
  let count = 0;
  const channel = new Channel({ onInstruction: () => undefined, onDisconnect: () => void (count += 1) });
  t.after(() => {
    become(before.connected, before.send);
    for (const event of ['message', 'disconnect'] as const) {
      for (const listener of process.rawListeners(event)) {
        if (!listeners.has(listener)) Reflect.apply(process.removeListener, process, [event, listener]);
      }
    }
  });
  return {
    channel,
    respond(id: number, value: unknown): void {
      const response: PrimaryMessage = { type: 'response', id, value };
      process.emit('message', wrap(response), undefined);
    },
    disconnect(): void {
      become(false, process.send);
      process.emit('disconnect');
    },
    disconnects: () => count,
  };
}
