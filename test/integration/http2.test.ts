// Rolling restarts of an HTTP/2 service.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

const CLIENTS = 6;

suite('HTTP/2', () => {
  test('S17: a body in flight during a rollout -> it arrives whole, and GOAWAY comes before the session ends', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'http2.js',
      options: { workers: 1, rollout: { minReadyMs: 0, idleMs: 200 } },
    });
    const origin = await originOf(service);
    const idle = http2.connect(origin);
    const busy = http2.connect(origin);
    t.after(() => [idle, busy].forEach((session) => session.destroy()));
    const old = await ask(idle);
    await ask(busy);
    const large = busy.request({ ':path': '/large' });
    // The client has the first bytes, the rest waits for the window to open.
    await once(large, 'response');
    // A client that writes to a session which has ended may get a reset. Its requests are what counts.
    for (const session of [idle, busy]) session.on('error', () => undefined);
    const farewells = [idle, busy].map((session) => event(session, 'goaway'));
    const ends = [idle, busy].map((session) => event(session, 'close'));
    await service.rollOut();
    await Promise.all(farewells);
    assert.equal((await text(large)).length, 400_000);
    await Promise.all(ends);
    const successor = http2.connect(origin);
    t.after(() => successor.destroy());
    assert.notEqual(await ask(successor), old);
    assert.equal((await service.seen('worker exited'))['code'], 0);
  });

  test('S17: a session per request, two rollouts -> 0 lost, 0 refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: GENEROUS } });
    const load = startSessions(await originOf(service), { kept: false });
    await twoRollouts(service, load);
    assert.deepEqual(await load.stop(), []);
  });

  test('S17: kept sessions, one request at a time, two rollouts -> 0 lost, 0 refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: GENEROUS } });
    const load = startSessions(await originOf(service), { kept: true });
    await twoRollouts(service, load);
    assert.deepEqual(await load.stop(), []);
  });
});

async function twoRollouts(service: Service, load: Load): Promise<void> {
  for (let rollout = 1; rollout <= 2; rollout += 1) {
    await load.more();
    await service.rollOut();
    await service.drained();
  }
  await load.more();
}

interface Load {
  /** Resolves when each client, on average, has had ten more answers. */
  more(): Promise<void>;
  /** The errors of requests that were not answered. */
  stop(): Promise<readonly string[]>;
}

/** Clients with one request under way at a time, each on a session of its own, or on one session until the server ends it. */
function startSessions(origin: string, { kept }: { readonly kept: boolean }): Load {
  const failures: string[] = [];
  const progress = new EventEmitter();
  const state = { answered: 0, isOver: false };
  const client = async (): Promise<void> => {
    let session: http2.ClientHttp2Session | undefined;
    while (!state.isOver) {
      if (session === undefined || session.closed || session.destroyed) session = connect(origin);
      try {
        assert.match(await ask(session), /pid/);
        state.answered += 1;
      } catch (error) {
        failures.push(String(error));
      }
      progress.emit('request');
      if (!kept) session.close();
    }
    session?.close();
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    async more() {
      const enough = state.answered + 10 * CLIENTS;
      // A failure ends the wait. The test reports it.
      while (state.answered < enough && failures.length === 0) await once(progress, 'request');
    },
    async stop() {
      state.isOver = true;
      await clients;
      return failures;
    },
  };
}

/** A session may fail when it has no request. Requests report their own errors. */
function connect(origin: string): http2.ClientHttp2Session {
  return http2.connect(origin).on('error', () => undefined);
}

async function originOf(service: Service): Promise<string> {
  return `http://127.0.0.1:${await service.port()}`;
}

/** Unlike once() of node:events, it ignores errors. */
function event(session: http2.ClientHttp2Session, name: string): Promise<void> {
  return new Promise((resolve) => session.once(name, () => resolve()));
}

async function ask(session: http2.ClientHttp2Session): Promise<string> {
  return text(session.request({ ':path': '/' }));
}
