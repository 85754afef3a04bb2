// Deploys: good releases, releases that fail in every way, and which one runs after a crash.
import assert from 'node:assert/strict';
import path from 'node:path';
import { suite, test } from 'node:test';
import { createReleases, workingRelease } from '../helpers/releases.ts';
import type { Releases } from '../helpers/releases.ts';
import { QUICK, startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';

/** Each with what the operator must be able to read of the failure. */
const BROKEN = [
  ['throws on load', `throw new TypeError('broken on load');`, 'broken on load'],
  [
    'rejects in buildApp',
    workingRelease('2', { inBuild: `throw new RangeError('broken in buildApp');` }),
    'broken in buildApp',
  ],
  [
    'fails in a plugin',
    workingRelease('2', { inBuild: `app.register(async () => { throw new Error('broken in a plugin'); });` }),
    'broken in a plugin',
  ],
  ['cannot be parsed', `export default {{{`, 'Unexpected token'],
  ['imports what is not there', `import 'no-such-package';`, 'no-such-package'],
] as const;

suite('releases', () => {
  for (const [what, main, message] of BROKEN) {
    test(`S6: a release that ${what} takes nothing down, and says why`, async (t) => {
      const releases = createReleases(t);
      const service = await startRelease(t, releases);
      const before = await service.readyPids();
      releases.write(2, main);
      releases.deploy(2);
      const result = await service.restart();
      assert.ok(result.outcome === 'aborted');
      assert.equal(result.reason, 'boot-failed');
      const line = await service.seen('rollout aborted');
      assert.match(line.err?.message ?? '', new RegExp(message));
      // Down to the file that is to blame. Of one that cannot be parsed, only Node itself can say where.
      const place = /releases\/2\/main\.mjs/;
      if (what === 'cannot be parsed') await service.seenOnStderr(place);
      else assert.match(line.err?.stack ?? '', place);
      assert.deepEqual(await service.readyPids(), before);
      assert.equal(await release(service), '1');
      const { lastRollout, generation, mixed, rolling } = await service.status();
      assert.equal(lastRollout?.outcome, 'aborted');
      assert.deepEqual([generation.id, mixed, rolling], [1, false, false]);
    });
  }

  test('S8: after a broken release a fixed one succeeds', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases);
    releases.write(2, `throw new Error('broken');`);
    releases.deploy(2);
    const aborted = service.next('rollout aborted');
    service.signal('SIGUSR2');
    await aborted;
    releases.write(3, workingRelease('3'));
    releases.deploy(3);
    const completed = service.next('rollout completed');
    service.signal('SIGUSR2');
    await completed;
    assert.equal(await release(service), '3');
  });

  test('S21: code and working directory come from the new release, even when the old one is deleted', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases);
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    releases.remove(1);
    assert.equal((await service.restart()).outcome, 'completed');
    const { body } = await service.get('/');
    assert.deepEqual(JSON.parse(body), { release: '2', cwd: releases.path(2), generation: 2 });
  });

  test('S73: after an aborted rollout an old worker that crashes respawns the release that works', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases);
    // Works in slot 0, and breaks in slot 1: so the abort comes when one worker is replaced already.
    releases.write(2, workingRelease('2', { inBuild: `if (worker.slot === 1) throw new Error('broken');` }));
    releases.deploy(2);
    const result = await service.restart();
    assert.equal(result.outcome, 'aborted');
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
    assert.equal(await release(service), '1');
  });

  test('S74: a link that moved deploys nothing until a rollout is asked for', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases);
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    for (const pid of await service.readyPids()) {
      const respawned = service.next('worker ready');
      process.kill(pid, 'SIGKILL');
      await respawned;
    }
    assert.deepEqual(JSON.parse((await service.get('/')).body), {
      release: '1',
      cwd: releases.path(1),
      generation: 1,
    });
  });

  test('S76: a release with another protocol of this package is aborted, and says to restart as a whole', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases);
    releases.write(
      2,
      `process.send({ 'fastify-clustered': { type: 'hello', protocol: 999 } }); setInterval(() => undefined, 1000);`,
    );
    releases.deploy(2);
    const result = await service.restart();
    assert.ok(result.outcome === 'aborted');
    assert.equal(result.reason, 'incompatible');
    assert.match(
      (await service.seen('rollout aborted')).err?.message ?? '',
      /restart the service as a whole/,
    );
    await service.seen('worker exited', { where: ({ worker }) => worker?.generation === 2 });
    assert.equal(await release(service), '1');
  });

  test('S78: a fixed release rolls at once although every slot is at its slowest pace', async (t) => {
    const releases = createReleases(t);
    // Each worker dies 1.5 s after it was ready, the second slot's half that time later than the first one's.
    const dying = `setTimeout(() => process.exit(1), 1500 + 750 * service.worker.slot);`;
    releases.write(1, workingRelease('1', { afterReady: dying }));
    releases.deploy(1);
    const service = await startReadyService(t, {
      fixture: path.join(releases.current, 'main.mjs'),
      cwd: releases.current,
      options: {
        rollout: { ...QUICK, minReadyMs: 0 },
        // The slowest pace is reached at once, and slower than this test is patient.
        respawn: { maxEarlyDeaths: 2, backoff: { initialMs: 1, maxMs: 60_000 } },
      },
    });
    // One slot waits for a minute, the other has died once and is up again: then all hope is on the fixed release.
    await service.seen('respawn at the slowest pace');
    releases.write(2, workingRelease('2'));
    releases.deploy(2);
    assert.equal((await service.restart()).outcome, 'completed');
    assert.equal(await release(service), '2');
  });

  test('a release that is not there aborts before anything is touched', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases);
    releases.write(2, '');
    releases.deploy(2);
    releases.remove(2);
    const result = await service.restart();
    assert.ok(result.outcome === 'aborted');
    assert.equal(result.reason, 'release-not-found');
    assert.equal(await release(service), '1');
  });
});

async function startRelease(
  t: Parameters<typeof startReadyService>[0],
  releases: Releases,
): Promise<Service> {
  releases.write(1, workingRelease('1'));
  releases.deploy(1);
  return startReadyService(t, {
    fixture: path.join(releases.current, 'main.mjs'),
    cwd: releases.current,
    options: { rollout: QUICK },
    env: { PWD: releases.current },
  });
}

async function release(service: Service): Promise<string> {
  return JSON.parse((await service.get('/')).body).release;
}
