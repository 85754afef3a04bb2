// Rolling restarts of an HTTP/2 service.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

suite('HTTP/2', () => {
  test('S17: a body in flight during a rollout -> it arrives whole, then comes GOAWAY, then the session ends', async (t) => {
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
    const large = busy.request({ ':path': '/large?bytes=400000' });
    // The client has the first bytes, the rest waits for the window to open.
    await once(large, 'response');
    // A client that writes to a session which has ended may get a reset. Its requests are what counts.
    for (const session of [idle, busy]) session.on('error', () => undefined);
    const farewells = [idle, busy].map((session) => event(session, 'goaway'));
    const ends = [idle, busy].map((session) => event(session, 'close'));
    await service.rollOut();
    await farewells[0];
    assert.equal((await text(large)).length, 400_000);
    await Promise.all([...farewells, ...ends]);
    const successor = connect(origin);
    t.after(() => successor.destroy());
    assert.notEqual(await ask(successor), old);
    assert.equal((await service.seen('worker exited'))['code'], 0);
  });

  test('S17: a session per request, two rollouts -> 0 lost, 0 refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: GENEROUS } });
    const load = startSessions(await originOf(service), { sessions: 6, streams: 1, kept: false });
    await twoRollouts(service, load);
    const { lost, refused } = await load.stop();
    assert.deepEqual({ lost, refused }, { lost: [], refused: 0 });
  });

  // Node's client sends its next request before it reads what stands behind the answer.
  test('S17: kept sessions, one request at a time, two rollouts -> 0 lost, at most one a session refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: GENEROUS } });
    const load = startSessions(await originOf(service), { sessions: 6, streams: 1, kept: true });
    await twoRollouts(service, load);
    const { lost, refused, farewells } = await load.stop();
    assert.deepEqual(lost, []);
    assert.ok(refused <= farewells, `${refused} refused by ${farewells} sessions`);
  });

  test('S96: 16 sessions of four streams, two rollouts -> 0 lost; what crosses a GOAWAY is refused as not processed', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'http2.js',
      options: { rollout: { ...GENEROUS, idleMs: 300 } },
    });
    const load = startSessions(await originOf(service), { sessions: 16, streams: 4, kept: true });
    await twoRollouts(service, load);
    const { lost, refused } = await load.stop();
    t.diagnostic(`${refused} refused`);
    assert.deepEqual(lost, []);
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
  /** Resolves when each stream, on average, has had ten more answers. */
  more(): Promise<void>;
  /** What became of the requests that were not answered. Nothing is repeated. */
  stop(): Promise<Outcome>;
}

interface Outcome {
  readonly lost: readonly string[];
  /** Not processed, so safe to repeat, whatever the method (RFC 9113, section 8.7). */
  readonly refused: number;
  /** How many sessions the server has ended. */
  readonly farewells: number;
}

interface LoadOptions {
  readonly sessions: number;
  /** How many requests a session has under way at a time. */
  readonly streams: number;
  /** A session is used until the server ends it. False: for one request. */
  readonly kept: boolean;
}

function startSessions(origin: string, { sessions, streams, kept }: LoadOptions): Load {
  const lost: string[] = [];
  const progress = new EventEmitter();
  const state = { answered: 0, refused: 0, farewells: 0, isOver: false };
  const client = async (): Promise<void> => {
    let session: http2.ClientHttp2Session | undefined;
    const stream = async (): Promise<void> => {
      while (!state.isOver) {
        if (session === undefined || session.closed || session.destroyed) {
          session = connect(origin).once('goaway', () => {
            state.farewells += 1;
          });
        }
        const used = session;
        try {
          assert.match(await ask(used), /pid/);
          state.answered += 1;
        } catch (error) {
          if (/NGHTTP2_REFUSED_STREAM/.test(String(error))) state.refused += 1;
          else lost.push(String(error));
        }
        progress.emit('request');
        if (!kept) used.close();
      }
    };
    await Promise.all(Array.from({ length: streams }, stream));
    session?.close();
  };
  const clients = Promise.all(Array.from({ length: sessions }, client));
  return {
    async more() {
      const enough = state.answered + 10 * sessions * streams;
      // A failure ends the wait. The test reports it.
      while (state.answered < enough && lost.length === 0) await once(progress, 'request');
    },
    async stop() {
      state.isOver = true;
      await clients;
      return { lost, refused: state.refused, farewells: state.farewells };
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
