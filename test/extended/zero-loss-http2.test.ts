// The promise over HTTP/2, cleartext and over TLS: no request is lost. One that crosses a GOAWAY may be refused as not processed, and
// then the client repeats it.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { assertNothingLostOverHttp2, startHttp2Load } from '../helpers/http2-load.ts';
import type { Http2Load, Http2LoadOptions } from '../helpers/http2-load.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

type TestContext = Parameters<typeof startReadyService>[0];

const { request, check } = getOrPost;

const MIXES: readonly Pick<Http2LoadOptions, 'connections' | 'sessions' | 'streams' | 'request' | 'check'>[] =
  [
    { connections: 'fresh', sessions: 6, streams: 1, request, check },
    { connections: 'kept', sessions: 8, streams: 1, request, check },
    { connections: 'kept', sessions: 4, streams: 8, request, check },
  ];

for (const [what, env, scheme] of [
  ['HTTP/2, cleartext', {}, 'http'],
  ['HTTP/2 over TLS, with allowHTTP1', { TLS: 'yes' }, 'https'],
] as const) {
  const start = (t: TestContext): Promise<Service> =>
    startReadyService(t, {
      fixture: 'http2.js',
      env,
      options: { rollout: GENEROUS, respawn: { backoff: { initialMs: 10, maxMs: 50 } } },
    });
  const startMixes = async (service: Service): Promise<readonly Http2Load[]> => {
    const origin = `${scheme}://127.0.0.1:${await service.port()}`;
    return MIXES.map((mix) => startHttp2Load({ ...mix, origin }));
  };

  suite(`zero loss over ${what}`, () => {
    test(`S17, S96: ${what}: sessions fresh and kept, of one stream and of eight, GET and POST of 16 KB, two rollouts -> 0 lost`, async (t) => {
      const service = await start(t);
      const loads = await startMixes(service);
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await Promise.all(loads.map((load) => load.more(100)));
        await service.rollOut();
        await service.drained();
      }
      await Promise.all(loads.map((load) => load.more(100)));
      for (const load of loads) {
        const report = await load.stop();
        t.diagnostic(`${report.sent} sent, ${report.unprocessed} unprocessed, ${report.repeated} repeated`);
        assertNothingLostOverHttp2(report);
      }
      // A session for each request: none is behind an answer, so none can cross a GOAWAY.
      assert.equal(loads[0]?.counts().unprocessed, 0);
    });

    test(`S27: ${what}: all workers are killed under load -> none refused, none hung, lost what was in flight`, async (t) => {
      const service = await start(t);
      const loads = await startMixes(service);
      await Promise.all(loads.map((load) => load.more(50)));
      const pids = await service.readyPids();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await service.seen('worker ready', { count: 2 * pids.length });
      await Promise.all(loads.map((load) => load.more(50)));
      for (const [index, load] of loads.entries()) {
        const { refused, hung, lost, samples } = await load.stop();
        const { sessions, streams } = MIXES[index] ?? assert.fail('a load of no mix');
        assert.deepEqual([refused, hung], [0, 0], samples.join('\n'));
        assert.ok(lost <= sessions * streams, samples.join('\n'));
      }
    });
  });
}
