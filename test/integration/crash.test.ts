// Crashes of workers: which worker is respawned, how soon, and what the other workers and their clients notice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { createReleases, workingRelease } from '../helpers/releases.ts';
import { startReadyService, startService } from '../helpers/service.ts';

suite('crash', () => {
  test('S26: a worker is killed -> it is respawned in its slot, and leaves no zombie', async (t) => {
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

  test('S26, S91: Node.js itself cannot be run when a worker is to be respawned -> the error says so, and the other one serves on', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const node = path.join(folder, 'node');
    fs.copyFileSync(process.execPath, node);
    const service = await startReadyService(t, { command: ([, ...words]) => [node, ...words] });
    fs.chmodSync(node, 0o600);
    process.kill((await service.readyPids())[0] ?? assert.fail('none is ready'), 'SIGKILL');
    const failed = await service.seen('fork failed');
    assert.match(failed.err?.message ?? '', /EACCES: this user may not run the executable of Node\.js/);
    assert.equal((await service.get('/')).status, 200);
    fs.chmodSync(node, 0o700);
    await service.seen('all workers ready', { count: 2 });
    assert.equal(await service.stop(), 0);
  });

  test('S30: every worker exits early again and again -> the backoff grows up to the slowest pace, then exit 1', async (t) => {
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

  test('S30: one slot exits early again and again while another worker is ready -> it is retried, and the other serves on', async (t) => {
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

  test('S30: all workers are killed three times -> the service does not give up', async (t) => {
    const service = await startReadyService(t);
    for (let round = 1; round <= 3; round += 1) {
      const full = service.seen('all workers ready', { count: round + 1 });
      for (const pid of await service.readyPids()) process.kill(pid, 'SIGKILL');
      await full;
    }
    assert.equal((await service.get('/')).status, 200);
  });

  test('S31: a worker that ran for respawn.minUptimeMs -> the backoff starts from the beginning', async (t) => {
    const service = await startReadyService(t, {
      options: { workers: 1, respawn: { minUptimeMs: 600, backoff: { initialMs: 50, maxMs: 50 } } },
    });
    for (let exits = 1; exits <= 3; exits += 1) await service.killOne();
    const earlyExits = (): unknown => service.lines('respawn delayed').at(-1)?.['earlyExits'];
    assert.equal(earlyExits(), 3);
    const readySince = Number(service.lines('worker ready').at(-1)?.['time']);
    // The uptime itself is tested. A slow machine only makes it longer.
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.ok(Date.now() - readySince > 600);
    const before = service.lines('respawn delayed').length;
    await service.killOne();
    assert.equal(service.lines('respawn delayed').length, before);
    await service.killOne();
    await service.killOne();
    assert.equal(earlyExits(), 2);
  });

  for (const [what, route] of [
    ['an uncaught exception', '/throw'],
    ['an unhandled rejection', '/reject'],
  ] as const) {
    test(`S32: ${what} -> only its own request fails, and the replacement is ready before the worker exits`, async (t) => {
      const service = await startReadyService(t, {
        options: { workers: 1, shutdown: { idleMs: 100, graceMs: 2500 } },
      });
      const pid = await service.readyPid();
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
      const [, replacement] = service.lines('worker ready');
      assert.ok(replacement !== undefined);
      assert.ok(service.log.indexOf(replacement) < service.log.indexOf(exited));
      assert.match(
        String((await service.seen('worker failing')).err?.stack),
        /outside of the request[\s\S]*app\.js/,
      );
    });
  }

  test('S33: an exit with code 0 that was not requested -> a crash like any other', async (t) => {
    const service = await startReadyService(t);
    const ready = service.next('worker ready');
    await assert.rejects(service.get('/exit?code=0'));
    const crashed = await service.seen('worker crashed');
    assert.equal(crashed['code'], 0);
    assert.equal((await ready).worker?.slot, crashed.worker?.slot);
  });

  test('S75: the release is gone -> forks are retried with backoff until one succeeds', async (t) => {
    const releases = createReleases(t);
    releases.write(1, workingRelease('1'));
    releases.deploy(1);
    const service = await startReadyService(t, {
      fixture: path.join(releases.current, 'main.mjs'),
      cwd: releases.current,
      env: { PWD: releases.current },
      options: { respawn: PERSISTENT },
    });
    const first = await service.readyPid();
    releases.remove(1);
    process.kill(first, 'SIGKILL');
    // Neither the pinned path exists, nor the path that the link leads to.
    await service.seen('fork failed', { count: 3 });
    assert.equal((await service.get('/')).status, 200);
    const ready = service.next('worker ready');
    releases.write(1, workingRelease('1'));
    assert.equal((await ready).worker?.slot, 0);
  });

  test('S75: a fork that fails with an error, but without an exit event -> its slot is retried until a fork succeeds', async (t) => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const cwd = path.join(folder, 'cwd');
    fs.mkdirSync(cwd);
    // Root may enter every directory, so the service runs as the user `nobody`.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    fs.chmodSync(folder, 0o755);
    const service = await startReadyService(t, { options: { cwd, respawn: PERSISTENT }, ...user });
    const first = await service.readyPid();
    // The directory exists, but no process can start in it.
    fs.chmodSync(cwd, 0o000);
    process.kill(first, 'SIGKILL');
    await service.seen('fork failed', { count: 3, where: ({ err }) => /EACCES/.test(err?.message ?? '') });
    assert.equal((await service.get('/')).status, 200);
    const ready = service.next('worker ready');
    fs.chmodSync(cwd, 0o755);
    assert.equal((await ready).worker?.slot, 0);
  });

  test('S77: further uncaught errors while the worker fails -> bystanders are answered, one failure is logged', async (t) => {
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
