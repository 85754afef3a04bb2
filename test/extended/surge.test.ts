// The two extremes of a rolling restart, over release folders: all successors first, and old workers first.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { census } from '../helpers/census.ts';
import { createReleases, pathsOf, served, startRelease, workingRelease } from '../helpers/releases.ts';
import type { Service } from '../helpers/service.ts';
import { underLoad } from '../helpers/under-load.ts';
import { GENEROUS } from '../helpers/times.ts';

const SIZE = 3;
const FULL = { workers: SIZE, rollout: { ...GENEROUS, maxSurge: SIZE } } as const;

/** Resolves, in a worker of slot 2, when the successors in the other slots are ready. */
const OTHERS_READY = `
  const others = async () => (await worker.status()).workers
    .filter(({ generation, state }) => generation === worker.generation && state === 'ready');
  while (worker.slot === 2 && (await others()).length < 2) await new Promise((again) => setTimeout(again, 20));`;

suite('with maxSurge >= workers', () => {
  test('S23: a rollout -> all successors are ready before any old worker drains, 0 lost', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, FULL);
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    await underLoad(service, async () => {
      await service.rollOut();
      await service.drained();
    });
    const readyAt = positions(service, 'worker ready', 2);
    const drainingAt = positions(service, 'worker draining', 1);
    assert.deepEqual([readyAt.length, drainingAt.length], [SIZE, SIZE]);
    assert.ok(Math.max(...readyAt) < Math.min(...drainingAt), service.story());
    assert.equal((await served(service)).release, '2');
  });

  for (const [when, broken] of [
    ['while it boots', { inBuild: `${OTHERS_READY} if (worker.slot === 2) throw new Error('broken');` }],
    [
      'before it is available',
      {
        inBuild: OTHERS_READY,
        afterReady: `if (service.worker.slot === 2) setImmediate(() => { throw new Error('broken'); });`,
      },
    ],
  ] as const) {
    test(`S23: the last successor fails ${when} -> all old workers serve on, none has drained, 0 lost`, async (t) => {
      const releases = createReleases(t);
      // By then the other successors are available, the last one is not.
      const service = await startRelease(t, releases, {
        ...FULL,
        rollout: { ...FULL.rollout, minReadyMs: 1_000 },
      });
      const before = await service.readyPids();
      releases.write(2, workingRelease('2', broken));
      releases.deploy(2);
      await underLoad(service, async () => {
        assert.equal((await service.restart()).outcome, 'aborted');
        await service.seen('worker exited', { count: SIZE });
      });
      assert.deepEqual(await service.readyPids(), before);
      assert.deepEqual(positions(service, 'worker draining', 1), []);
      assert.equal(positions(service, 'worker ready', 2).length, when === 'while it boots' ? 2 : 3);
      const { replaced, backTo, err } = await service.seen('rollout aborted');
      assert.deepEqual([replaced, backTo, err?.message], [0, { id: 1, ...pathsOf(releases, 1) }, 'broken']);
      const { mixed, target } = await service.status();
      assert.deepEqual([mixed, target.id], [false, 1]);
      assert.equal((await served(service)).release, '1');
    });
  }
});

suite('with maxSurge 0 and maxUnavailable 1', () => {
  const OLD_FIRST = { ...GENEROUS, maxSurge: 0, maxUnavailable: 1 } as const;

  for (const workers of [3, 1]) {
    test(`S24: ${workers} workers -> one old worker at a time drains before its successor is forked, 0 lost`, async (t) => {
      const releases = createReleases(t);
      const service = await startRelease(t, releases, { workers, rollout: OLD_FIRST });
      releases.write(2, workingRelease('2'));
      releases.deploy(2);
      const from = service.log.length;
      await underLoad(service, async () => {
        await service.rollOut();
        await service.seen('worker exited', { count: workers });
      });
      const drainingAt = positions(service, 'worker draining', 1);
      const forkedAt = positions(service, 'worker forked', 2);
      const readyAt = positions(service, 'worker ready', 2);
      for (let turn = 0; turn < workers; turn += 1) {
        assert.ok((drainingAt[turn] ?? NaN) < (forkedAt[turn] ?? NaN), service.story());
        // The next old worker drains only after the successor before it is ready.
        if (turn > 0) assert.ok((readyAt[turn - 1] ?? NaN) < (drainingAt[turn] ?? NaN), service.story());
      }
      const counts = census(service.log).slice(from);
      assert.equal(Math.min(...counts.map(({ ready }) => ready)), workers - 1);
      assert.ok(Math.max(...counts.map(({ active }) => active)) <= workers);
      assert.equal((await served(service)).release, '2');
    });
  }

  test('S6, S24: the only worker has drained and its successor cannot boot -> the old release is back, 0 lost', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { workers: 1, rollout: OLD_FIRST });
    releases.write(2, `throw new Error('broken');`);
    releases.deploy(2);
    await underLoad(service, async () => {
      const back = service.seen('all workers ready', { count: 2 });
      assert.equal((await service.restart()).outcome, 'aborted');
      const { generation, entry, cwd } = await back;
      assert.deepEqual({ generation, entry, cwd }, { generation: 1, ...pathsOf(releases, 1) });
      await service.seen('worker exited', { count: 2 });
    });
    assert.equal(service.lines('rollout aborted')[0]?.['replaced'], 0);
    assert.equal((await served(service)).release, '1');
  });
});

/** Where in the log this message stands, for workers of that generation. */
function positions(service: Service, msg: string, generation: number): readonly number[] {
  return service.log.flatMap((line, index) =>
    line.msg === msg && line.worker?.generation === generation ? [index] : [],
  );
}
