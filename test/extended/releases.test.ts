// Deploys that succeed, and which release runs after a crash.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createReleases, pathsOf, served, startRelease, workingRelease } from '../helpers/releases.ts';
import { underLoad } from '../helpers/under-load.ts';
import { GENEROUS, QUICK } from '../helpers/times.ts';

suite('releases', () => {
  test('S21: release after release, each older folder deleted while its workers still serve -> 0 lost', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: GENEROUS });
    await underLoad(service, async () => {
      for (let release = 2; release <= 5; release += 1) {
        releases.write(release, workingRelease(String(release)));
        releases.deploy(release);
        releases.remove(release - 1);
        await service.rollOut();
        // Code, working directory and generation are those of the new release.
        assert.deepEqual(await served(service), {
          release: String(release),
          cwd: releases.path(release),
          generation: release,
        });
      }
      await service.drained();
    });
    const bound = await service.seen('sockets bound');
    assert.deepEqual({ entry: bound['entry'], cwd: bound['cwd'] }, pathsOf(releases, 1));
    const last = { id: 5, ...pathsOf(releases, 5) };
    const started = service.lines('rollout started').at(-1);
    assert.deepEqual([started?.['from'], started?.['to']], [{ id: 4, ...pathsOf(releases, 4) }, last]);
    const completed = service.lines('rollout completed').at(-1);
    assert.ok(completed !== undefined);
    const { generation, entry, cwd, replaced, tookMs } = completed;
    assert.deepEqual({ id: generation, entry, cwd }, last);
    assert.equal(replaced, 2);
    assert.ok(Number(tookMs) >= 2 * GENEROUS.minReadyMs);
    assert.deepEqual(service.lines('worker crashed'), []);
  });

  test('S21: a crash after the pinned release was deleted -> the release behind the link boots, and the log says so', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { workers: 1, rollout: QUICK });
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    releases.remove(1);
    assert.equal((await service.killOne()).worker?.generation, 1);
    const { generation, entry, cwd, instead } = await service.seen('release gone, resolved again');
    assert.deepEqual({ generation, entry, cwd }, { generation: 1, ...pathsOf(releases, 1) });
    assert.deepEqual(instead, pathsOf(releases, 2));
    assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 1 });
    // A rollout pins it.
    await service.rollOut();
    assert.deepEqual((await service.status()).target, { id: 2, ...pathsOf(releases, 2) });
  });

  test('S73: a crash after an aborted rollout, of an old or a replaced worker -> the stable release is respawned', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: GENEROUS });
    // It works in slot 0 and fails in slot 1, so the rollout aborts after one worker was replaced.
    releases.write(2, workingRelease('2', { inBuild: `if (worker.slot === 1) throw new Error('broken');` }));
    releases.deploy(2);
    await underLoad(service, async () => {
      assert.equal((await service.restart()).outcome, 'aborted');
      await service.seen('worker exited', { count: 2 });
    });
    assert.equal(service.lines('rollout aborted')[0]?.['replaced'], 1);
    const { mixed, workers } = await service.status();
    assert.equal(mixed, true);
    const [first, second] = workers
      .filter(({ state }) => state === 'ready')
      .toSorted((a, b) => a.slot - b.slot);
    assert.deepEqual([first?.generation, second?.generation], [2, 1]);
    assert.ok(first !== undefined && second !== undefined);
    for (const { pid, slot } of [second, first]) {
      const respawned = service.next('worker ready', ({ worker }) => worker?.slot === slot);
      assert.ok(pid !== null);
      process.kill(pid, 'SIGKILL');
      assert.equal((await respawned).worker?.generation, 1);
    }
    assert.equal((await service.status()).mixed, false);
    assert.equal((await served(service)).release, '1');
  });

  test('S74: the link moves -> nothing is deployed until a rollout', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: GENEROUS });
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    for (const pid of await service.readyPids()) {
      const respawned = service.next('worker ready');
      process.kill(pid, 'SIGKILL');
      await respawned;
    }
    assert.deepEqual(await served(service), { release: '1', cwd: releases.path(1), generation: 1 });
    await underLoad(service, async () => {
      await service.rollOut();
      await service.drained();
    });
    assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 2 });
  });

  test('S78: every slot is at its slowest pace -> a fixed release rolls out at once', async (t) => {
    const releases = createReleases(t);
    // The worker of slot 0 exits 1.5 s after it was ready, the worker of slot 1 after 2.25 s.
    const exiting = `setTimeout(() => process.exit(1), 1500 + 750 * service.worker.slot);`;
    const service = await startRelease(
      t,
      releases,
      {
        rollout: { ...QUICK, minReadyMs: 0 },
        // The slowest pace comes at once, and is slower than a test waits.
        respawn: { maxEarlyExits: 2, backoff: { initialMs: 1, maxMs: 60_000 } },
      },
      workingRelease('1', { afterReady: exiting }),
    );
    // One slot waits for a minute, the worker of the other one has exited once and is ready again.
    await service.seen('respawn at the slowest pace');
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    await service.rollOut();
    assert.equal((await served(service)).release, '2');
  });
});
