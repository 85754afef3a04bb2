// Deaths that no JavaScript can catch: the others serve on, the slot is filled again, and the log says what it was.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { ClusteredOptions } from 'fastify-clustered';
import { ask, openConnection } from '../helpers/bystanders.ts';
import { describeLosses, startLoad } from '../helpers/load-client.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

/** So little that it is soon full, and enough for an app. */
const SMALL_HEAP: ClusteredOptions = { execArgv: ['--max-old-space-size=48'] };
/** All die young here, and on purpose. */
const UNDETERRED: ClusteredOptions = { respawn: { minUptimeMs: 0 } };

const DEATHS = [
  ['a SIGSEGV', '/sigsegv', /^SIGSEGV$/, /a crash in native code/],
  ['a jump to nowhere in native code', '/overwrite', /^SIGSEGV$/, /a crash in native code/],
  // V8 ends its process in one of two ways.
  ['a heap that is full', '/hoard', /^SIG(ABRT|TRAP)$/, /out of memory.*--max-old-space-size/],
  ['process.abort()', '/abort', /^SIGABRT$/, /Node\.js itself aborted/],
] as const;

suite('a worker dies of what cannot be caught', () => {
  for (const [what, path, ending, explanation] of DEATHS) {
    test(`S34: ${what}: others serve on, the slot is filled again, the log says what it was`, async (t) => {
      const service = await startReadyService(t, { fixture: 'fatal.js', options: SMALL_HEAP });
      const [[victim, doomed], [survivor, spared]] = await connectionToEach(service);
      const slot = await slotOf(service, victim);
      const died = assert.rejects(ask(doomed, path), /ended before the answer was whole/);
      // All the while: before it dies, when it does, and after.
      while (service.lines('worker ready').length < 3) await assertServed(spared, survivor);
      await died;
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

  for (const [what, path] of [DEATHS[0], DEATHS[2]]) {
    test(`S27, S34: all workers die of ${what} under load: 0 refused, 0 hung, lost only what was in flight`, async (t) => {
      const clients = 12;
      const rounds = 2;
      const options = { ...SMALL_HEAP, ...UNDETERRED };
      const service = await startReadyService(t, { fixture: 'fatal.js', options });
      const origin = { host: '127.0.0.1', port: await service.port() };
      const loads = (['fresh', 'kept-alive'] as const).map((connections) =>
        startLoad({ origin, connections, clients, request: () => ({ method: 'GET', path: '/' }) }),
      );
      const go = (): Promise<unknown> =>
        Promise.all(loads.map((load) => load.answered(load.counts().answered + 100)));
      for (let round = 1; round <= rounds; round += 1) {
        await go();
        const doomed = await connectionToEach(service);
        const full = service.seen('all workers ready', { count: round + 1 });
        await Promise.all(doomed.map(([, socket]) => assert.rejects(ask(socket, path))));
        await full;
      }
      await go();
      for (const load of loads) {
        const report = await load.stop();
        const { refused, hung, serverError, wrongAnswer, reset, cut } = report;
        const others = { refused, hung, serverError, wrongAnswer };
        assert.deepEqual(
          others,
          { refused: 0, hung: 0, serverError: 0, wrongAnswer: 0 },
          describeLosses(report),
        );
        // Each client has one request under way: no death can cost more than that.
        assert.ok(reset + cut <= 2 * rounds * clients, describeLosses(report));
      }
      assert.equal(service.lines('worker crashed').length, 2 * rounds);
    });
  }
});

type Reached = readonly [pid: number, socket: Socket];

/** The kernel decides who accepts: as many connections as it takes until each of the two workers has one. */
async function connectionToEach(service: Service): Promise<readonly [Reached, Reached]> {
  const reached = new Map<number, Socket>();
  for (let tries = 0; reached.size < 2; tries += 1) {
    assert.ok(tries < 1_000, 'one worker accepts everybody');
    const socket = await openConnection(service);
    const { body } = await ask(socket, '/');
    const { pid } = JSON.parse(body);
    if (reached.has(pid)) socket.destroy();
    else reached.set(pid, socket);
  }
  const [first, second] = [...reached];
  assert.ok(first !== undefined && second !== undefined);
  return [first, second];
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
