// Crashes of workers: who comes back, how soon, and what the others notice of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { createReleases, workingRelease } from '../helpers/releases.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { LogLine, Service } from '../helpers/service.ts';

suite('crash', () => {
  test('S26: a worker that is killed is respawned in its slot, and leaves no zombie', async (t) => {
    const service = await startReadyService(t);
    const { workers } = await service.status();
    const victim = workers[1];
    assert.ok(victim?.pid);
    const ready = service.next('worker ready');
    process.kill(victim.pid, 'SIGKILL');
    const { worker } = await ready;
    assert.equal(worker?.slot, victim.slot);
    const crashed = await service.seen('worker crashed');
    assert.equal(crashed['signal'], 'SIGKILL');
    assert.equal(fs.existsSync(`/proc/${victim.pid}`), false);
    assert.equal((await service.readyPids()).length, 2);
  });

  test('S30: when every worker keeps dying early, the backoff grows up to the slowest pace, then exit 1', async (t) => {
    const service = startService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'crash' },
      options: {
        workers: 1,
        respawn: { maxEarlyExits: 4, backoff: { initialMs: 100, maxMs: 400 } },
      },
    });
    const { code } = await service.ended;
    assert.equal(code, 1);
    // The first respawn is immediate; each later one waits for a random time below a bound that doubles.
    const delays = service.lines('respawn delayed').map(({ delayMs }) => Number(delayMs));
    assert.equal(delays.length, 2);
    assert.ok(
      delays.every((delay, index) => delay <= 100 * 2 ** index),
      String(delays),
    );
    assert.equal(service.lines('respawn at the slowest pace')[0]?.['delayMs'], 400);
    assert.equal(service.lines('worker crashed').length, 4);
    assert.equal(service.lines('stopping')[0]?.['reason'], 'gave-up');
    assert.deepEqual(service.leftovers(), []);
  });

  test('S30: while another worker is ready, a slot that keeps dying is tried on, and the rest serves', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'crashSlot1' },
      options: { respawn: { maxEarlyExits: 2, backoff: { initialMs: 10, maxMs: 20 } } },
    });
    await service.seen('respawn at the slowest pace', { count: 3 });
    assert.equal((await service.get('/')).status, 200);
    assert.equal(service.lines('stopping').length, 0);
    assert.ok(service.lines('worker crashed').every(({ worker }) => worker?.slot === 1));
  });

  test('S30: three SIGKILLs of everybody are no reason to give up', async (t) => {
    const service = await startReadyService(t);
    for (let round = 1; round <= 3; round += 1) {
      const full = service.seen('all workers ready', { count: round + 1 });
      for (const pid of await service.readyPids()) process.kill(pid, 'SIGKILL');
      await full;
    }
    assert.equal((await service.get('/')).status, 200);
  });

  test('S31: after a healthy stretch the backoff starts from the beginning', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, respawn: { minUptimeMs: 600, backoff: { initialMs: 50, maxMs: 50 } } },
    });
    for (let deaths = 1; deaths <= 3; deaths += 1) await killWorker(service);
    const earlyExits = (): unknown => service.lines('respawn delayed').at(-1)?.['earlyExits'];
    assert.equal(earlyExits(), 3);
    const readySince = Number(service.lines('worker ready').at(-1)?.['time']);
    // The stretch itself is what is tested; a slow machine only makes it longer.
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.ok(Date.now() - readySince > 600);
    const before = service.lines('respawn delayed').length;
    await killWorker(service);
    assert.equal(service.lines('respawn delayed').length, before);
    await killWorker(service);
    await killWorker(service);
    assert.equal(earlyExits(), 2);
  });

  for (const [what, route] of [
    ['an uncaught exception', '/throw'],
    ['an unhandled rejection', '/reject'],
  ] as const) {
    test(`S32: ${what} fails only its own request, and the replacement comes before the worker is gone`, async (t) => {
      const service = await startReadyService(t, {
        options: { workers: 1, shutdown: { idleMs: 100, graceMs: 2500 } },
      });
      const [pid] = await service.readyPids();
      const bystander = service.get('/slow?ms=1500');
      await service.get('/');
      const culprit = service.get(route).then(
        () => 'answered',
        () => 'lost',
      );
      assert.equal((await bystander).status, 200);
      assert.equal((await bystander).headers['x-worker'], String(pid));
      assert.equal(await culprit, 'lost');
      const exited = await service.seen('worker exited');
      assert.equal(exited.worker?.pid, pid);
      assert.equal(exited['code'], 1);
      assert.ok(indexOf(service, 'worker ready', 2) < service.log.indexOf(exited));
      assert.match(
        String((await service.seen('worker failing')).err?.stack),
        /outside of the request[\s\S]*app\.js/,
      );
    });
  }

  test('S33: exit with code 0, unasked, is a crash, too', async (t) => {
    const service = await startReadyService(t);
    const ready = service.next('worker ready');
    await assert.rejects(service.get('/exit?code=0'));
    const crashed = await service.seen('worker crashed');
    assert.equal(crashed['code'], 0);
    assert.equal((await ready).worker?.slot, crashed.worker?.slot);
  });

  test('S75: while the release is gone, forks are retried with backoff until they succeed', async (t) => {
    const releases = createReleases(t);
    releases.write(1, workingRelease('1'));
    releases.deploy(1);
    const service = await startReadyService(t, {
      fixture: path.join(releases.current, 'main.mjs'),
      cwd: releases.current,
      env: { PWD: releases.current },
      options: { respawn: PERSISTENT },
    });
    const [first] = await service.readyPids();
    assert.ok(first !== undefined);
    releases.remove(1);
    process.kill(first, 'SIGKILL');
    // Neither the pinned path is there, nor the one that the link leads to.
    await service.seen('fork failed', { count: 3 });
    assert.equal((await service.get('/')).status, 200);
    const ready = service.next('worker ready');
    releases.write(1, workingRelease('1'));
    assert.equal((await ready).worker?.slot, 0);
  });

  test('S75: a fork of which Node tells an error, but no exit, forgets no slot', async (t) => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const cwd = path.join(folder, 'cwd');
    fs.mkdirSync(cwd);
    // Root may enter every directory, so the service is started as nobody.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    fs.chmodSync(folder, 0o755);
    const service = await startReadyService(t, { options: { cwd, respawn: PERSISTENT }, ...user });
    const [first] = await service.readyPids();
    assert.ok(first !== undefined);
    // It is there, but no process can start in it.
    fs.chmodSync(cwd, 0o000);
    process.kill(first, 'SIGKILL');
    await service.seen('fork failed', { count: 3, where: ({ err }) => /EACCES/.test(err?.message ?? '') });
    assert.equal((await service.get('/')).status, 200);
    const ready = service.next('worker ready');
    fs.chmodSync(cwd, 0o755);
    assert.equal((await ready).worker?.slot, 0);
  });

  test('S77: a second uncaught error while failing changes nothing: bystanders complete', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, shutdown: { idleMs: 100, graceMs: 2500 } },
    });
    const bystander = service.get('/slow?ms=1500');
    await service.get('/');
    const culprit = service.get('/throw?times=3').catch(() => undefined);
    assert.equal((await bystander).status, 200);
    await culprit;
    await service.seen('worker exited');
    assert.equal(service.lines('worker crashed').length, 0);
    assert.equal(service.lines('worker failing').length, 1);
  });
});

const PERSISTENT = { maxEarlyExits: 1_000, backoff: { initialMs: 20, maxMs: 200 } };

async function killWorker(service: Service): Promise<void> {
  const ready = service.next('worker ready');
  const [pid] = await service.readyPids();
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await ready;
}

function indexOf(service: Service, msg: string, count: number): number {
  const line: LogLine | undefined = service.lines(msg)[count - 1];
  return line === undefined ? Infinity : service.log.indexOf(line);
}
