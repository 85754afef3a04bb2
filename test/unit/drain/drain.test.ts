// The drain of an app: a later order can only shorten the times of the first.
import { once } from 'node:events';
import { connect } from 'node:net';
import type net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import fastify from 'fastify';
import type { Drain } from '../../../src/drain/drain.ts';
import { FurtherServers } from '../../../src/drain/further-servers.ts';
import { serve } from '../../../src/drain/serve.ts';
import { createSingleContext } from '../../../src/single/context.ts';
import { listen } from '../../../src/single/listen.ts';
import { validated } from '../options/validated.ts';

/** A drain that keeps to the longer time fails by this limit. */
const LIMIT = { timeout: 20_000 };
const LONG = 30_000;

suite('two orders to drain', () => {
  for (const [first, second] of [
    [100, LONG],
    [LONG, 100],
  ] as const) {
    test(`a grace of ${first} ms, then of ${second} ms: the shorter one counts`, LIMIT, async (t) => {
      const { drain, client } = await start(t);
      const closed = once(client.resume(), 'close');
      client.write('GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await client.asked;
      void drain.drain({ final: false, idleMs: LONG, graceMs: first });
      await drain.drain({ final: false, idleMs: LONG, graceMs: second });
      await closed;
    });

    test(`idleMs of ${first} ms, then of ${second} ms: the shorter one counts`, LIMIT, async (t) => {
      const { drain, client } = await start(t);
      const ended = once(client.resume(), 'end');
      void drain.drain({ final: false, idleMs: first, graceMs: LONG });
      const drained = drain.drain({ final: false, idleMs: second, graceMs: LONG });
      await ended;
      client.end();
      await drained;
    });
  }
});

async function start(
  t: TestContext,
): Promise<{ drain: Drain; client: net.Socket & { asked: Promise<unknown> } }> {
  const app = fastify();
  let hear: () => void;
  const asked = new Promise<void>((resolve) => (hear = resolve));
  app.get('/never', () => {
    hear();
    return new Promise(() => undefined);
  });
  const furtherServers = new FurtherServers();
  const context = createSingleContext(furtherServers);
  const { places } = validated({ listen: { host: '127.0.0.1', port: 0 } }).listen;
  const options = { furtherServers, onCut: () => undefined };
  const { drain } = await serve(app, context, () => listen(app, places), options);
  t.after(() => app.close());
  const { port } = Object(app.server.address());
  const client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  await once(app.server, 'connection');
  return { drain, client: Object.assign(client, { asked }) };
}
