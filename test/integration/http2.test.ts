// HTTP/2 in rolling restarts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { PATIENT } from '../helpers/under-load.ts';

const CLIENTS = 6;

suite('HTTP/2', () => {
  test('S17: a body in flight arrives whole, and GOAWAY comes before the session ends', async (t) => {
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
    // The first bytes are taken, the rest waits for the window to open.
    await once(large, 'response');
    // What a client says to a session that is over may be answered by a reset; its requests are what counts.
    for (const session of [idle, busy]) session.on('error', () => undefined);
    const farewells = [idle, busy].map((session) => event(session, 'goaway'));
    const ends = [idle, busy].map((session) => event(session, 'close'));
    await service.restart();
    await Promise.all(farewells);
    assert.equal((await text(large)).length, 400_000);
    await Promise.all(ends);
    const successor = http2.connect(origin);
    t.after(() => successor.destroy());
    assert.notEqual(await ask(successor), old);
    assert.equal((await service.seen('worker exited'))['code'], 0);
  });

  test('S17: a session for each request, two rollouts: none is lost, none is refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: PATIENT } });
    const load = startSessions(await originOf(service), { kept: false });
    await twoRollouts(service, load);
    assert.deepEqual(await load.stop(), []);
  });

  test('S17: kept sessions, one request at a time, two rollouts: none is lost, none is refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: PATIENT } });
    const load = startSessions(await originOf(service), { kept: true });
    await twoRollouts(service, load);
    assert.deepEqual(await load.stop(), []);
  });
});

async function twoRollouts(service: Service, load: Load): Promise<void> {
  for (const count of [2, 4]) {
    await load.more();
    assert.equal((await service.restart()).outcome, 'completed');
    await service.seen('worker exited', { count });
  }
  await load.more();
}

interface Load {
  /** Settles when each client, on the average, has had ten answers more. */
  more(): Promise<void>;
  /** What became of requests that were not answered. */
  stop(): Promise<readonly string[]>;
}

/** Clients with one request under way at a time, on a session for each, or on one as long as the server keeps it. */
function startSessions(origin: string, { kept }: { readonly kept: boolean }): Load {
  const failures: string[] = [];
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
      if (!kept) session.close();
    }
    session?.close();
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    async more() {
      const enough = state.answered + 10 * CLIENTS;
      // A failure ends the wait: it is told at the end.
      while (state.answered < enough && failures.length === 0) await setTimeout(10);
    },
    async stop() {
      state.isOver = true;
      await clients;
      return failures;
    },
  };
}

/** Errors of a session without a request harm nobody; its requests tell of theirs. */
function connect(origin: string): http2.ClientHttp2Session {
  return http2.connect(origin).on('error', () => undefined);
}

async function originOf(service: Service): Promise<string> {
  return `http://127.0.0.1:${await service.port()}`;
}

/** Unlike once() of node:events it does not mind errors. */
function event(session: http2.ClientHttp2Session, name: string): Promise<void> {
  return new Promise((resolve) => session.once(name, () => resolve()));
}

async function ask(session: http2.ClientHttp2Session): Promise<string> {
  return text(session.request({ ':path': '/' }));
}
