// The promise: rollouts under load, with clients that never retry, lose no request.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startLoad } from '../helpers/load-client.ts';
import type { LoadOptions } from '../helpers/load-client.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import type { LoadReport } from '../helpers/load-report.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

/** The defaults of rollouts, but with a shorter minReadyMs. */
const ROLLOUT = { minReadyMs: 200, idleMs: 1_000 } as const;

type Mix = Pick<LoadOptions, 'connections' | 'request' | 'check'>;

const fresh: Mix = { connections: 'fresh' };
const keptAlive: Mix = getOrPost;

suite('zero loss', () => {
  test('S1: fresh connections, two rollouts -> 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    assertNothingLost(await loadOverRollouts(service, { ...fresh, clients: 16 }, 2));
  });

  test('S2: kept-alive connections, GET and POST with bodies of 16 KB, two rollouts -> 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    assertNothingLost(await loadOverRollouts(service, { ...keptAlive, clients: 32 }, 2));
  });

  test('S2: pauses around idleMs -> nothing is lost but by the race of RFC 9112, section 9.6', async (t) => {
    const idleMs = 400;
    const service = await startReadyService(t, { options: { rollout: { ...ROLLOUT, idleMs } } });
    const thinkMs = (random: () => number): number => idleMs * (0.5 + 1.2 * random());
    const report = await loadOverRollouts(service, { ...keptAlive, clients: 64, thinkMs }, 2);
    // A client may send at the moment when the worker closes its idle connection, which neither can know. But a worker
    // never closes a connection before idleMs are over, and never after it has read a part of a request.
    assert.equal(report.lost, report.reset, describeLosses(report));
    for (const { requestOnConnection, sincePreviousResponseMs = 0 } of report.samples) {
      assert.ok(requestOnConnection > 1 && sincePreviousResponseMs >= idleMs, describeLosses(report));
    }
    // The race is the exception, although every client comes back after such a pause again and again.
    assert.ok(report.reset * 100 <= report.sent, describeLosses(report));
    assert.ok(report.closedWhenIdle > 0);
  });

  test('S16: pipelined pairs, a rollout -> 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { rollout: ROLLOUT } });
    const pairs = { connections: 'kept-alive', pipelined: 2, clients: 16 } as const;
    assertNothingLost(await loadOverRollouts(service, pairs, 1));
  });

  test('S22: a single worker, fresh and kept-alive connections, two rollouts -> 0 lost', async (t) => {
    const service = await startReadyService(t, { options: { workers: 1, rollout: ROLLOUT } });
    const other = startLoad({ ...fresh, origin: await service.origin(), clients: 8 });
    assertNothingLost(await loadOverRollouts(service, { ...keptAlive, clients: 8 }, 2));
    assertNothingLost(await other.stop());
  });
});

/** Load before, during and after that many rollouts, until the last old worker has exited. */
async function loadOverRollouts(
  service: Service,
  mix: Omit<LoadOptions, 'origin'>,
  rollouts: number,
): Promise<LoadReport> {
  const load = startLoad({ ...mix, origin: await service.origin() });
  for (let rollout = 1; rollout <= rollouts; rollout += 1) {
    await load.more(200);
    const completed = service.next('rollout completed');
    service.signal('SIGUSR2');
    await completed;
    await service.drained();
  }
  await load.more(200);
  return load.stop();
}
