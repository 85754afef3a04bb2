// One worker of the fleet is the leader, whatever happens: never two, and soon one again.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { startReadyService, startService } from '../helpers/service.ts';
import type { LogLine, Service, ServiceOptions, TestContext } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

suite('leader', () => {
  test('S108: a fleet has one leader; status(), the log and the app say who', async (t) => {
    const service = await start(t);
    const { worker } = await service.seen('leader elected');
    const { by } = await service.seen('leading');
    assert.equal(worker?.pid, by);
    const { workers } = await service.status();
    assert.deepEqual(
      workers.filter(({ leader }) => leader).map(({ pid }) => pid),
      [by],
    );
    // Each connection reaches any worker.
    const said = new Map<number, boolean>();
    while (said.size < 2) {
      const { pid, leader } = JSON.parse((await service.get('/leader')).body);
      said.set(pid, leader);
    }
    assert.deepEqual(
      [...said].filter(([, leader]) => leader).map(([pid]) => pid),
      [by],
    );
    await assertNeverTwo(service);
  });

  test('S108: the leader is killed, again and again -> another one leads, only once the old one is gone', async (t) => {
    const service = await start(t, { options: { workers: 3 } });
    for (let time = 1; time <= 3; time += 1) {
      const { by } = await service.seen('leading', { count: time });
      process.kill(Number(by), 'SIGKILL');
      const { before } = await service.seen('leading', { count: time + 1 });
      assert.equal(before, by, 'it has found the lock of the old one, who is dead');
    }
    assert.equal(service.lines('leader elected').length, 4);
    await assertNeverTwo(service);
  });

  test('S108: a rollout -> the leader finishes its work before the next one begins, and the leader moves once', async (t) => {
    const service = await start(t, { options: { workers: 3 }, env: { WORK_MS: '700' } });
    const old = await service.seen('leading');
    await service.rollOut();
    const led = await service.seen('led');
    const next = await service.seen('leading', { count: 2 });
    assert.equal(led['by'], old['by']);
    assert.deepEqual([next['generation'], next['before']], [2, null], 'the old one has removed its lock');
    await service.drained();
    assert.equal(service.lines('leader elected').length, 2);
    const order = service.log.map(({ msg }) => msg).filter((msg) => /^leader |^led$/.test(msg));
    assert.deepEqual(order, ['leader elected', 'led', 'leader stepped down', 'leader elected']);
    await assertNeverTwo(service);
  });

  test('S108: the work of the leader outlasts the grace time -> it is cut, and the next one leads when the process is gone', async (t) => {
    const service = await start(t, {
      options: { rollout: { ...QUICK, graceMs: 400 } },
      env: { WORK_MS: '600000' },
    });
    const old = await service.seen('leading');
    await service.rollOut();
    const next = await service.seen('leading', { count: 2 });
    assert.equal(next['before'], old['by']);
    await service.exited(Number(old['by']));
    assert.deepEqual(service.lines('leader stepped down'), []);
    await assertNeverTwo(service);
  });

  test('S108: the leader is told to retire -> another one leads before it has exited', async (t) => {
    const service = await start(t);
    const old = await service.seen('leading');
    const slow = service.get('/slow?ms=1500', { agent: false });
    process.kill(Number(old['by']), 'SIGTERM');
    const next = await service.seen('leading', { count: 2 });
    assert.notEqual(next['by'], old['by']);
    assert.equal(next['before'], null);
    assert.equal((await slow).status, 200);
    await assertNeverTwo(service);
  });

  test('S108: the leader is scaled away -> another one leads', async (t) => {
    const service = await start(t);
    const last = (): LogLine | undefined => service.lines('leading').at(-1);
    await service.seen('leading');
    // Slot 1 has to lead. If slot 0 does, its worker makes room.
    if (last()?.['slot'] === 0) {
      const ready = service.next('worker ready');
      process.kill(Number(last()?.['by']), 'SIGKILL');
      await service.seen('leading', { count: 2 });
      await ready;
    }
    assert.equal(last()?.['slot'], 1);
    const next = service.next('leading');
    await service.call('scale', 1);
    assert.equal((await next)['slot'], 0);
    await assertNeverTwo(service);
  });

  test('S108: an uncaught error in the leader -> it stops leading, and another one leads while it drains', async (t) => {
    const service = await start(t, { env: { WORK_MS: '0' } });
    const old = await service.seen('leading');
    // Until the leader gets the request.
    while (service.lines('worker failing').every(({ worker }) => worker?.pid !== old['by'])) {
      const failing = service.next('worker failing');
      const request = service.get('/throw').catch(() => undefined);
      await failing;
      await request;
    }
    await service.seen('leading', { count: 2 });
    await assertNeverTwo(service);
  });

  test('S108: a shutdown -> the leader finishes, and nobody leads after it', async (t) => {
    const service = await start(t, { env: { WORK_MS: '300' } });
    await service.seen('leading');
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('led').length, 1);
    assert.equal(service.lines('leading').length, 1);
    assert.deepEqual(service.lines('two leaders'), []);
  });

  test('S108: a single process is the leader from when it listens until it drains', async (t) => {
    const service = await start(t, { options: { workers: 0 } });
    await service.seen('leading');
    assert.equal(JSON.parse((await service.get('/leader')).body).leader, true);
    assert.equal(await service.stop(), 0);
    assert.equal(service.lines('led').length, 1);
  });
});

async function start(t: TestContext, { options, env, ...rest }: ServiceOptions = {}): Promise<Service> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leader-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const begin = options?.workers === 0 ? startService : startReadyService;
  return begin(t, {
    fixture: 'leader.js',
    options: { rollout: QUICK, ...options },
    env: { LOCK: path.join(folder, 'lock'), ...env },
    ...rest,
  });
}

/** The lock saw it, and so do the times: each began after the one before had ended. */
async function assertNeverTwo(service: Service): Promise<void> {
  await service.get('/');
  assert.deepEqual(service.lines('two leaders'), [], service.story());
  const times = service.lines('leading');
  for (const [index, next] of times.slice(1).entries()) {
    const before: LogLine | undefined = times[index];
    const end = service.lines('led').find(({ by }) => by === before?.['by']);
    if (end !== undefined) assert.ok(Number(end['at']) <= Number(next['at']));
    else assert.equal(next['before'], before?.['by'], 'it died');
  }
}
