// What is said when app.close() takes too long.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { close } from '../../../src/app/close.ts';
import { listen } from '../../helpers/listen.ts';

interface Logged {
  readonly closeMs: number;
  readonly open?: unknown;
  readonly explanation?: string;
}

suite('app.close() takes too long', () => {
  test('S100: clients of a second server are still connected -> the log names its port, and says what to do', async (t) => {
    const own = http.createServer();
    const ownPort = await listen(t, own);
    const second = net.createServer();
    const port = await listen(t, second);
    for (const at of [ownPort, port, port]) {
      const client = net.connect(at, '127.0.0.1');
      t.after(() => void client.destroy());
      await once(at === port ? second : own, 'connection');
    }
    const logged: Logged[] = [];
    const closing = async (): Promise<void> => {
      second.close();
      await once(second, 'close');
    };
    assert.equal(await close(appOf(own, closing, logged), 50), false);
    assert.equal(logged.length, 1);
    assert.deepEqual(logged[0]?.open, [{ port, connections: 2 }]);
    assert.match(String(logged[0]?.explanation), /addServer\(\)/);
  });

  test('no such server is there -> nothing is made up', async (t) => {
    const own = http.createServer();
    await listen(t, own);
    const logged: Logged[] = [];
    assert.equal(
      await close(
        appOf(own, () => new Promise(() => undefined), logged),
        20,
      ),
      false,
    );
    assert.deepEqual(logged, [{ closeMs: 20 }]);
  });
});

suite('S97: app.close() during the drain', () => {
  test('closeMs begins when it is drained, and it settles no sooner', async (t) => {
    const server = http.createServer();
    await listen(t, server);
    const logged: Logged[] = [];
    let drained: () => void = () => undefined;
    const untilDrained = new Promise<void>((resolve) => {
      drained = resolve;
    });
    const settled: string[] = [];
    const app = appOf(server, async () => undefined, logged);
    const closed = close(app, 10, untilDrained).then((inTime) => settled.push(String(inTime)));
    // Longer than closeMs.
    await setTimeout(50);
    assert.deepEqual(settled, []);
    drained();
    await closed;
    assert.deepEqual({ settled, logged }, { settled: ['true'], logged: [] });
  });
});

function appOf(
  server: net.Server,
  closing: () => Promise<void>,
  logged: Logged[],
): Parameters<typeof close>[0] {
  return {
    server,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (details) => void logged.push(details as Logged),
    },
    ready: async () => undefined,
    listen: async () => '',
    close: closing,
  };
}
