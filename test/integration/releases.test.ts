// Deploys that succeed, in every way to roll, and which release runs after a crash.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createReleases, pathsOf, served, startRelease, workingRelease } from '../helpers/releases.ts';
import { QUICK } from '../helpers/service.ts';
import { PATIENT, underLoad } from '../helpers/under-load.ts';

suite('releases', () => {
  test('S21: one release after the other, each older folder deleted while its workers still serve: 0 lost', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: PATIENT });
    await underLoad(service, async () => {
      for (let release = 2; release <= 5; release += 1) {
        releases.write(release, workingRelease(String(release)));
        releases.deploy(release);
        releases.remove(release - 1);
        assert.equal((await service.restart()).outcome, 'completed');
        // Code, working directory and generation are the new one's.
        assert.deepEqual(await served(service), {
          release: String(release),
          cwd: releases.path(release),
          generation: release,
        });
      }
      await service.seen('worker exited', { count: 8 });
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
    assert.ok(Number(tookMs) >= 2 * PATIENT.minReadyMs);
    assert.deepEqual(service.lines('worker crashed'), []);
  });

  test('S21: a crash after the deletion of the pinned release boots what the link leads to, and says so', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { workers: 1, rollout: QUICK });
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    releases.remove(1);
    const [pid] = await service.readyPids();
    const ready = service.next('worker ready');
    process.kill(pid ?? 0, 'SIGKILL');
    assert.equal((await ready).worker?.generation, 1);
    const { generation, entry, cwd, instead } = await service.seen('release gone, resolved again');
    assert.deepEqual({ generation, entry, cwd }, { generation: 1, ...pathsOf(releases, 1) });
    assert.deepEqual(instead, pathsOf(releases, 2));
    assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 1 });
    // A rollout pins it.
    assert.equal((await service.restart()).outcome, 'completed');
    assert.deepEqual((await service.status()).target, { id: 2, ...pathsOf(releases, 2) });
  });

  test('S73: after an aborted rollout an old worker that crashes respawns the release that works', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: PATIENT });
    // Works in slot 0, and breaks in slot 1: so the abort comes when one worker is replaced already.
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
    assert.ok(first?.pid && second?.pid);
    for (const { pid, slot } of [second, first]) {
      const respawned = service.next('worker ready', ({ worker }) => worker?.slot === slot);
      process.kill(pid ?? 0, 'SIGKILL');
      assert.equal((await respawned).worker?.generation, 1);
    }
    assert.equal((await service.status()).mixed, false);
    assert.equal((await served(service)).release, '1');
  });

  test('S74: a link that moved deploys nothing until a rollout is asked for', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: PATIENT });
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    for (const pid of await service.readyPids()) {
      const respawned = service.next('worker ready');
      process.kill(pid, 'SIGKILL');
      await respawned;
    }
    assert.deepEqual(await served(service), { release: '1', cwd: releases.path(1), generation: 1 });
    await underLoad(service, async () => {
      assert.equal((await service.restart()).outcome, 'completed');
      await service.seen('worker exited', { count: 2 });
    });
    assert.deepEqual(await served(service), { release: '2', cwd: releases.path(2), generation: 2 });
  });

  test('S78: a fixed release rolls at once although every slot is at its slowest pace', async (t) => {
    const releases = createReleases(t);
    // Each worker dies 1.5 s after it was ready, the second slot's half that time later than the first one's.
    const dying = `setTimeout(() => process.exit(1), 1500 + 750 * service.worker.slot);`;
    const service = await startRelease(
      t,
      releases,
      {
        rollout: { ...QUICK, minReadyMs: 0 },
        // The slowest pace is reached at once, and slower than this test is patient.
        respawn: { maxEarlyExits: 2, backoff: { initialMs: 1, maxMs: 60_000 } },
      },
      workingRelease('1', { afterReady: dying }),
    );
    // One slot waits for a minute, the other has died once and is up again: then all hope is on the fixed release.
    await service.seen('respawn at the slowest pace');
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    assert.equal((await service.restart()).outcome, 'completed');
    assert.equal((await served(service)).release, '2');
  });
});
