// Crashes that no JavaScript can catch: the other workers serve on, the slot is filled again, and the log says the cause.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { ClusteredOptions } from 'fastify-clustered';
import { ask, connectToEach } from '../helpers/bystanders.ts';
import { assertLostInFlightAtMost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

/** Enough for an app, and soon full. */
const SMALL_HEAP: ClusteredOptions = { execArgv: ['--max-old-space-size=48'] };
/** The workers of these tests exit early on purpose. */
const EARLY_EXITS_ALLOWED: ClusteredOptions = { respawn: { minUptimeMs: 0 } };

const CRASHES = [
  ['a SIGSEGV', '/sigsegv', /^SIGSEGV$/, /a crash in native code/],
  ['a jump to nowhere in native code', '/overwrite', /^SIGSEGV$/, /a crash in native code/],
  // V8 ends the process in one of two ways.
  ['a heap that is full', '/hoard', /^SIG(ABRT|TRAP)$/, /out of memory.*--max-old-space-size/],
  ['process.abort()', '/abort', /^SIGABRT$/, /Node\.js itself aborted/],
] as const;

suite('crashes that cannot be caught', () => {
  for (const [what, path, ending, explanation] of CRASHES) {
    test(`S34: ${what} -> the other worker serves on, the slot is filled again, the log says the cause`, async (t) => {
      const service = await startReadyService(t, { fixture: 'fatal.js', options: SMALL_HEAP });
      const [first, second] = [...(await connectToEach(service, 2))];
      assert.ok(first !== undefined && second !== undefined);
      const [[victim, culprit], [survivor, bystander]] = [first, second];
      const slot = await slotOf(service, victim);
      const crash = assert.rejects(ask(culprit, path), /ended before the answer was whole/);
      // All the time: before the crash, during it, and after.
      while (service.lines('worker ready').length < 3) await assertServed(bystander, survivor);
      await crash;
      const refilled = service.lines('worker ready')[2];
      const crashed = await service.seen('worker crashed');
      assert.deepEqual([crashed.worker?.pid, crashed.worker?.slot, crashed['code']], [victim, slot, null]);
      assert.equal(refilled?.worker?.slot, slot);
      assert.match(String(crashed['signal']), ending);
      assert.match(String(crashed['explanation']), explanation);
      if (path === '/hoard') await service.seenOnStderr(/JavaScript heap out of memory/);
      assert.equal((await service.readyPids()).length, 2);
      assert.equal(service.lines('worker crashed').length, 1);
    });
  }

  for (const [what, killAll] of [
    ['by SIGKILL', killAllBySignal],
    ...[CRASHES[0], CRASHES[2]].map(([what, path]) => [`by ${what}`, crashAll(path)] as const),
  ] as const) {
    test(`S27, S34: all workers end ${what} under load -> 0 refused, 0 hung, lost only what was in flight`, async (t) => {
      const clients = 16;
      const rounds = 3;
      const options = { ...SMALL_HEAP, ...EARLY_EXITS_ALLOWED };
      const service = await startReadyService(t, { fixture: 'fatal.js', options });
      const load = { origin: await service.origin(), clients };
      const loads = startLoads({ ...load, connections: 'fresh' }, { ...load, ...getOrPost });
      for (let round = 1; round <= rounds; round += 1) {
        await loads.more(200);
        const full = service.seen('all workers ready', { count: round + 1 });
        await killAll(service);
        await full;
      }
      await loads.more(200);
      for (const report of await loads.stop()) assertLostInFlightAtMost(rounds * clients, report);
      assert.equal(service.lines('worker crashed').length, 2 * rounds);
    });
  }
});

async function killAllBySignal(service: Service): Promise<void> {
  for (const pid of await service.readyPids()) process.kill(pid, 'SIGKILL');
}

function crashAll(path: string): (service: Service) => Promise<void> {
  return async (service) => {
    const sockets = await connectToEach(service, 2);
    await Promise.all([...sockets.values()].map((socket) => assert.rejects(ask(socket, path))));
  };
}

async function slotOf(service: Service, pid: number): Promise<number> {
  const { workers } = await service.status();
  const found = workers.find((worker) => worker.pid === pid);
  assert.ok(found !== undefined);
  return found.slot;
}

async function assertServed(socket: Socket, pid: number): Promise<void> {
  const { status, body } = await ask(socket, '/');
  assert.deepEqual([status, JSON.parse(body).pid], [200, pid]);
}
