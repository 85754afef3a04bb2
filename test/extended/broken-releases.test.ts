// Releases that do not work: the service stays up, no request is lost, and the log says what is wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { createReleases, pathsOf, served, startRelease, workingRelease } from '../helpers/releases.ts';
import type { Releases } from '../helpers/releases.ts';
import type { Message } from '../helpers/messages.ts';
import { startReadyService } from '../helpers/service.ts';
import type { LogLine, Service } from '../helpers/service.ts';
import { underLoad } from '../helpers/under-load.ts';
import { GENEROUS, QUICK } from '../helpers/times.ts';

/** So long that only the failure of a successor ends the rollout, never its becoming available. */
const LONG = { ...GENEROUS, minReadyMs: 20_000 } as const;

interface Broken {
  readonly what: string;
  readonly main: string;
  /** Of the error in the `rollout aborted` line. */
  readonly message: RegExp;
  readonly reason?: 'crashed';
  /** If the worker could not report its error: the explanation of its exit in the log. */
  readonly explanation?: RegExp;
  /** The file at fault is not named in the error's stack. */
  readonly place?: 'none';
}

const BROKEN: readonly Broken[] = [
  { what: 'throws on load', main: `throw new TypeError('broken on load');`, message: /^broken on load$/ },
  {
    what: 'rejects in buildApp',
    main: workingRelease('2', { inBuild: `throw new RangeError('broken in buildApp');` }),
    message: /^broken in buildApp$/,
  },
  {
    what: 'fails in a plugin',
    main: workingRelease('2', {
      inBuild: `app.register(async () => { throw new Error('broken in a plugin'); });`,
    }),
    message: /^broken in a plugin$/,
  },
  { what: 'cannot be parsed', main: `export default {{{`, message: /Unexpected token/ },
  { what: 'imports what is not there', main: `import 'no-such-package';`, message: /no-such-package/ },
  {
    what: 'exits with code 0 while it boots',
    main: workingRelease('2', { inBuild: `process.exit(0);` }),
    message: /exited with code 0/,
    explanation: /called process\.exit\(\), or /,
  },
  {
    what: 'exits with a code while it boots',
    main: workingRelease('2', { inBuild: `process.exit(42);` }),
    message: /exited with code 42/,
    explanation: /process\.exit\(42\)/,
  },
  {
    what: 'crashes in native code while it boots',
    main: workingRelease('2', {
      inBuild: `process.kill(process.pid, 'SIGSEGV'); await new Promise(() => undefined);`,
    }),
    message: /ended by SIGSEGV/,
    explanation: /native code/,
  },
  {
    what: 'listens on its own',
    main: workingRelease('2', { returns: `app.listen({ port: 0, host: '127.0.0.1' }).then(() => app)` }),
    message: /already listens; remove its app\.listen\(\)/,
    place: 'none',
  },
  {
    what: 'returns no app',
    main: workingRelease('2', { returns: `undefined` }),
    message: /must return a Fastify instance .* returned undefined/,
    place: 'none',
  },
  {
    what: 'throws soon after it was ready',
    main: workingRelease('2', {
      afterReady: `setTimeout(() => { throw new Error('broken in a timer'); }, 100);`,
    }),
    reason: 'crashed',
    message: /^broken in a timer$/,
  },
];

suite('broken releases', () => {
  for (const { what, main, reason = 'boot-failed', message, explanation, place } of BROKEN) {
    test(`S6: a release that ${what} -> the rollout aborts with the reason, the old workers serve on`, async (t) => {
      const releases = createReleases(t);
      const service = await startRelease(t, releases, { rollout: LONG });
      const before = await service.readyPids();
      await deploy(service, releases, main, explanation === undefined ? 'worker exited' : 'worker crashed');
      const line = assertAborted(service, releases, reason, message);
      const ofRelease = /releases\/2\/main\.mjs/;
      if (place === undefined && explanation === undefined) assert.match(line.err?.stack ?? '', ofRelease);
      if (explanation !== undefined) {
        assert.match(String(service.lines('worker crashed')[0]?.['explanation']), explanation);
      }
      await assertUntouched(service, before);
    });
  }

  test('S6: a release that exits soon after it was ready -> the rollout aborts with the reason, the old workers serve on', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: LONG });
    const before = await service.readyPids();
    releases.write(2, workingRelease('2', { afterReady: `setTimeout(() => process.exit(4), 100);` }));
    releases.deploy(2);
    // Not under load: the requests that the worker had accepted would be lost with it.
    assert.equal((await service.restart()).outcome, 'aborted');
    const { explanation } = await service.seen('worker crashed');
    assert.match(String(explanation), /process\.exit\(4\)/);
    assertAborted(service, releases, 'crashed', /exited with code 4/);
    await assertUntouched(service, before);
  });

  test('S6: a release that listens on the port of the service itself -> the rollout aborts with the reason, the old workers serve on', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: LONG });
    const before = await service.readyPids();
    const returns = `app.listen({ port: ${await service.port()}, host: '127.0.0.1' })`;
    await deploy(service, releases, workingRelease('2', { returns }), 'worker exited');
    assertAborted(service, releases, 'boot-failed', /remove its app\.listen\(\) call/);
    await assertUntouched(service, before);
  });

  test('S6: a release without its entry file -> the rollout does not start, and the error names the file', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: LONG });
    const before = await service.readyPids();
    releases.write(2, '');
    fs.rmSync(pathsOf(releases, 2).entry);
    releases.deploy(2);
    const result = await underLoad(service, () => service.restart());
    assert.ok(result.outcome === 'aborted');
    assert.equal(result.reason, 'release-not-found');
    const line = await service.seen('rollout not started');
    assert.match(line.err?.message ?? '', /current\/main\.mjs does not exist/);
    assert.deepEqual(line['target'], { id: 1, ...pathsOf(releases, 1) });
    await assertUntouched(service, before);
  });

  test('S6: a release that is deleted during its rollout -> the rollout aborts, the workers replaced so far stay', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: GENEROUS });
    const inBuild = `(await import('node:fs')).rmSync(process.cwd(), { recursive: true });`;
    releases.write(2, workingRelease('2', { inBuild }));
    releases.deploy(2);
    await underLoad(service, async () => {
      assert.equal((await service.restart()).outcome, 'aborted');
      await service.seen('worker exited');
    });
    const line = assertAborted(service, releases, 'fork-failed', /current\/main\.mjs does not exist/, 1);
    assert.equal(service.lines('fork failed')[0]?.err?.message, line.err?.message);
    assert.equal((await service.status()).mixed, true);
  });

  test('S7: a release that never becomes ready -> its worker is killed after boot.timeoutMs, the old workers serve on', async (t) => {
    const releases = createReleases(t);
    const boot = { timeoutMs: 5_000 };
    const service = await startRelease(t, releases, { boot, rollout: LONG });
    const before = await service.readyPids();
    await deploy(service, releases, `await new Promise(() => undefined);`, 'worker exited');
    const [killed] = service.lines('worker killed');
    assert.deepEqual(service.lines('rollout aborted')[0]?.worker, killed?.worker);
    assert.deepEqual([killed?.worker?.generation, killed?.['cause']], [2, 'boot-timeout']);
    const line = assertAborted(
      service,
      releases,
      'boot-timeout',
      /not ready within boot\.timeoutMs \(5000 ms\)/,
    );
    assert.ok(Number(line['tookMs']) >= boot.timeoutMs);
    await assertUntouched(service, before);
  });

  test('S11: every ready worker is killed while a release hangs in its boot -> the working release is back long before boot.timeoutMs', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { boot: { timeoutMs: 120_000 }, rollout: GENEROUS });
    releases.write(2, `await new Promise(() => undefined);`);
    releases.deploy(2);
    const before = await service.readyPids();
    const forked = service.seen('worker forked', { where: ({ worker }) => worker?.generation === 2 });
    service.signal('SIGUSR2');
    await forked;
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await service.seen('worker crashed', { count: before.length });
    // A new connection is not refused: it waits until a worker accepts it.
    assert.deepEqual(JSON.parse((await service.get('/')).body), {
      release: '1',
      cwd: releases.path(1),
      generation: 1,
    });
    assert.deepEqual(service.lines('rollout aborted'), []);
    assert.equal((await service.status()).rolling, true);
    // The rollout of the hanging release goes on until a newer one supersedes it.
    releases.write(3, workingRelease('3'));
    releases.deploy(3);
    await service.rollOut();
    assert.equal((await served(service)).release, '3');
  });

  test('S6: a release that fails while the primary is busy -> the rollout aborts with its own error, too', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { rollout: QUICK },
      env: { BEHAVIOUR_2: 'throw' },
    });
    const [, victim] = await service.readyPids();
    const busy = service.call('block', 1_000);
    await service.seen('blocking');
    // This exit makes Node look for exited children right after the restart. It finds the successor's exit, too, before it
    // has read the successor's messages.
    assert.ok(victim !== undefined);
    process.kill(victim, 'SIGKILL');
    const restarted = service.call('restartAndBlock', 3_000);
    await Promise.all([busy, restarted]);
    const aborted = await service.seen('rollout aborted');
    assert.equal(aborted.err?.message, 'this release is broken');
    assert.equal(aborted['reason'], 'boot-failed');
    const { worker } = await service.seen('worker exited', {
      where: (line) => line.worker?.generation === 2,
    });
    assert.deepEqual(aborted.worker, worker);
    assert.equal(service.lines('worker crashed').length, 1);
  });

  test('S8: after a broken release a fixed one rolls out', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: GENEROUS });
    await underLoad(service, async () => {
      releases.write(2, `throw new Error('broken');`);
      releases.deploy(2);
      service.signal('SIGUSR2');
      await service.seen('rollout aborted');
      releases.write(3, workingRelease('3'));
      releases.deploy(3);
      service.signal('SIGUSR2');
      await service.seen('rollout completed');
      await service.seen('worker exited', { count: 3 });
    });
    assert.equal((await served(service)).release, '3');
  });

  test('S76: a release with another protocol of this package -> the rollout aborts and says: restart the service as a whole', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { rollout: LONG });
    const before = await service.readyPids();
    const hello = `{ 'fastify-clustered': { type: 'hello', protocol: 999 } }`;
    const main = `process.send(${hello}); setInterval(() => undefined, 1000);`;
    await deploy(service, releases, main, 'worker exited');
    assertAborted(service, releases, 'incompatible', /restart the service as a whole/);
    await assertUntouched(service, before);
  });
});

/** Deploys release 2 under load, and waits for the log line of its worker's exit. */
async function deploy(service: Service, releases: Releases, main: string, exit: Message): Promise<void> {
  releases.write(2, main);
  releases.deploy(2);
  await underLoad(service, async () => {
    assert.equal((await service.restart()).outcome, 'aborted');
    await service.seen(exit, { where: ({ worker }) => worker?.generation === 2 });
  });
}

/** The abort of release 2: its paths, its error, and the release that the rollout goes back to. */
function assertAborted(
  service: Service,
  releases: Releases,
  reason: string,
  message: RegExp,
  replaced = 0,
): LogLine {
  const [line, ...others] = service.lines('rollout aborted');
  assert.ok(line !== undefined && others.length === 0);
  const { generation, entry, cwd, backTo, tookMs } = line;
  assert.deepEqual([line['reason'], generation, line['replaced']], [reason, 2, replaced]);
  assert.deepEqual({ entry, cwd }, pathsOf(releases, 2));
  assert.deepEqual(backTo, { id: 1, ...pathsOf(releases, 1) });
  assert.equal(typeof tookMs, 'number');
  assert.match(line.err?.message ?? '', message);
  return line;
}

/** The same workers as before serve the same release. */
async function assertUntouched(service: Service, before: readonly number[]): Promise<void> {
  assert.deepEqual(await service.readyPids(), before);
  assert.equal((await served(service)).release, '1');
  const { lastRollout, target, mixed, rolling } = await service.status();
  assert.equal(lastRollout?.outcome, 'aborted');
  assert.deepEqual([target.id, mixed, rolling], [1, false, false]);
}
