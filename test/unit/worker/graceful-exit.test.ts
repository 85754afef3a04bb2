// The end of a worker: it exits when its failure is reported, and no sooner.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { MutableContext } from '../../../src/app/context.ts';
import { FurtherServers } from '../../../src/drain/further-servers.ts';
import { ExitHandlers } from '../../../src/process/exit-handlers.ts';
import type { WorkerMessage } from '../../../src/protocol/from-worker.ts';
import type { WorkerSettings } from '../../../src/protocol/worker-settings.ts';
import { Boot } from '../../../src/worker/boot.ts';
import { Channel } from '../../../src/worker/channel.ts';
import { GracefulExit } from '../../../src/worker/graceful-exit.ts';
import { InheritedSockets } from '../../../src/worker/inherited-sockets.ts';
import { listen } from '../../helpers/listen.ts';

const SETTINGS: WorkerSettings = {
  protocol: 1,
  primary: process.pid,
  slot: 0,
  generation: 1,
  sockets: [],
  backlog: 1,
  heartbeatMs: 1_000,
  shed: false,
  shutdown: { idleMs: 1, graceMs: 1 },
  closeMs: 60_000,
  exitHandlers: 'leave',
};

suite('the end of a worker', () => {
  test('a failure is written to the channel before the process exits, however long that takes', async (t) => {
    const { exit, sent, exited } = start(t);
    exit.fail(new Error('no database'), { name: 'uncaughtException', args: [] });
    // Without a boot, an app or a connection there is nothing else to wait for.
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    assert.deepEqual(exited(), [], 'the message is not written yet');
    const [message, ...others] = sent;
    assert.equal(message?.message.type === 'failing' && message.message.error.message, 'no database');
    assert.equal(others.length, 0);
    message?.written(true);
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    assert.deepEqual(exited(), [1]);
  });

  test('S98: what was cut on a further server of an app that does not listen yet is reported before, too', async (t) => {
    const { exit, sent, exited, furtherServers } = start(t);
    const server = net.createServer();
    furtherServers.add(server);
    const client = net.connect(await listen(t, server), '127.0.0.1');
    client.on('error', () => undefined);
    await once(server, 'connection');
    const ended = once(client, 'close');
    exit.begin({ final: false, idleMs: 1, graceMs: 1 });
    await ended;
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    assert.deepEqual(exited(), [], 'the message is not written yet');
    assert.deepEqual(
      sent.map(({ message }) => message),
      [{ type: 'connections-cut', requests: 0, upgraded: 1 }],
    );
    sent[0]?.written(true);
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    assert.deepEqual(exited(), [0]);
  });

  test('without a failure it exits with 0, and says nothing', async (t) => {
    const { exit, sent, exited } = start(t);
    exit.begin({ final: false, idleMs: 1, graceMs: 1 });
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    assert.deepEqual(exited(), [0]);
    assert.equal(sent.length, 0);
  });
});

interface Sent {
  readonly message: WorkerMessage;
  written(isWritten: boolean): void;
}

function start(t: TestContext) {
  const sent: Sent[] = [];
  const channel = new Channel({ onInstruction: () => undefined, onDisconnect: () => undefined });
  t.mock.method(channel, 'send', (message: WorkerMessage) => {
    return new Promise<boolean>((written) => void sent.push({ message, written }));
  });
  const processExit = t.mock.method(process, 'exit', () => undefined);
  const context = new MutableContext({
    role: 'worker',
    slot: 0,
    generation: 1,
    status: () => Promise.reject(new Error('nobody asks')),
    restart: () => Promise.reject(new Error('nobody asks')),
    broadcast: () => false,
    addServer: () => () => undefined,
    listen: async () => undefined,
  });
  const furtherServers = new FurtherServers();
  const boot = new Boot(SETTINGS, new InheritedSockets(SETTINGS), context, {
    built: () => undefined,
    furtherServers,
    onCut: () => undefined,
  });
  const handlers = new ExitHandlers('leave', { signals: [], signalsIfEnding: [] });
  const exit = new GracefulExit({ settings: SETTINGS, channel, boot, furtherServers, handlers });
  return {
    exit,
    furtherServers,
    sent,
    exited: () =>
      processExit.mock.calls.map(({ arguments: [code] }: { arguments: readonly unknown[] }) => code),
  };
}
