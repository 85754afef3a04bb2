// Rolling restarts of an HTTP/2 service.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { assertNothingLostOverHttp2, startHttp2Load } from '../helpers/http2-load.ts';
import type { Http2Load, Http2LoadOptions, Http2Report } from '../helpers/http2-load.ts';
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
    const report = await rolledUnder(service, { sessions: 6, streams: 1, connections: 'fresh' });
    assertNothingLostOverHttp2(report);
    assert.equal(report.unprocessed, 0);
  });

  // Node's client sends its next request before it reads what stands behind the answer.
  test('S17: kept sessions, one request at a time, two rollouts -> 0 lost, at most one a session refused', async (t) => {
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: GENEROUS } });
    const report = await rolledUnder(service, { sessions: 6, streams: 1, connections: 'kept' });
    assertNothingLostOverHttp2(report);
    const { unprocessed, farewells } = report;
    assert.ok(unprocessed <= farewells, `${unprocessed} refused by ${farewells} sessions`);
  });

  test('S96: 16 sessions of four streams, two rollouts -> 0 lost; what crosses a GOAWAY is refused as not processed', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'http2.js',
      options: { rollout: { ...GENEROUS, idleMs: 300 } },
    });
    const report = await rolledUnder(service, { sessions: 16, streams: 4, connections: 'kept' });
    t.diagnostic(`${report.unprocessed} refused`);
    assertNothingLostOverHttp2(report);
  });
});

async function twoRollouts(service: Service, load: Http2Load, { sessions, streams }: Mix): Promise<void> {
  // Each stream, on average, has ten answers.
  const enough = 10 * sessions * streams;
  for (let rollout = 1; rollout <= 2; rollout += 1) {
    await load.more(enough);
    await service.rollOut();
    await service.drained();
  }
  await load.more(enough);
}

type Mix = Pick<Http2LoadOptions, 'sessions' | 'streams' | 'connections'>;

/** Two rollouts under this load. */
async function rolledUnder(service: Service, mix: Mix): Promise<Http2Report> {
  const load = startHttp2Load({ ...mix, origin: await originOf(service) });
  await twoRollouts(service, load, mix);
  return load.stop();
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
