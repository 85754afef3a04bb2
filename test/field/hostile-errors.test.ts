// Errors that are hard to log, thrown where no code catches them: each is logged once, and costs only its own request.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ask, assertServedBy, gather, openConnection } from '../helpers/bystanders.ts';
import { createReleases, startRelease } from '../helpers/releases.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

const EARLY_EXITS_ALLOWED = { minUptimeMs: 0 } as const;
const ONE = { workers: 1, shutdown: ENDLESS, respawn: EARLY_EXITS_ALLOWED } as const;

const KINDS = ['message', 'getters', 'inspect', 'proxy', 'revoked', 'undefined', 'huge', 'cyclic'];

/** Of a line with the message and the stack of an error. */
const MOST_CHARACTERS = 100_000;

const ON_STDERR = /^fastify-clustered: .*$/gm;

suite('an uncaught error that is hard to log', () => {
  for (const how of ['hostile', 'hostile-rejection'] as const) {
    test(`S91, S32: ${how}, of every kind -> bystanders are answered, it is logged once, and the worker exits with 1`, async (t) => {
      const service = await startReadyService(t, { fixture: 'held.js', options: ONE });
      for (const [index, kind] of KINDS.entries()) {
        const pid = await service.readyPid();
        await failAmongBystanders(service, `/${how}?kind=${kind}`, index + 2);
        const exited = await service.exited(pid);
        assert.deepEqual([exited['code'], exited['expected']], [1, true], kind);
        const lines = service.lines('worker failing').filter(({ worker }) => worker?.pid === pid);
        assert.equal(lines.length, 1, kind);
        assert.equal(typeof lines[0]?.err?.message, 'string', kind);
        assert.ok(JSON.stringify(lines).length < MOST_CHARACTERS, kind);
      }
      assert.equal(service.lines('worker crashed').length, 0);
      assert.equal(service.stderr, '');
      assert.equal(await service.stop(), 0);
    });
  }

  test('S91: without a logger -> the worker writes it to stderr, once', async (t) => {
    const service = await startReadyService(t, { fixture: 'held.js', options: { ...ONE, logger: false } });
    const pid = await service.readyPid();
    await failAmongBystanders(service, '/hostile?kind=cyclic', null);
    await replaced(service, pid);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.stderr.match(ON_STDERR), [
      `fastify-clustered: the worker of slot 0, generation 1, failed (pid ${pid})`,
    ]);
    assert.match(service.stderr, /Error: told[^]*hostile\.js/);
    assert.ok(service.stderr.length < MOST_CHARACTERS);
  });

  test('S91, S35: the primary was killed -> the worker writes it to stderr, and answers its clients', async (t) => {
    const service = await startReadyService(t, { fixture: 'held.js', options: ONE });
    const pid = await service.readyPid();
    const [held, culprit, keeper] = await Promise.all([1, 2, 3].map(() => openConnection(service)));
    assert.ok(held && culprit && keeper);
    const answer = ask(held, '/silent');
    await service.seen('requested', { where: ({ url }) => url === '/silent' });
    const exited = once(service.child, 'exit');
    service.signal('SIGKILL');
    await exited;
    const lost = assert.rejects(ask(culprit, '/hostile?kind=message'));
    await service.seenOnStderr(new RegExp(`failed \\(pid ${pid}\\)`));
    assert.equal((await ask(keeper, '/open')).status, 200);
    assert.equal((await answer).status, 200);
    culprit.destroy();
    await lost;
    // The worker holds the same stdout, so this is its exit.
    await service.ended;
    assert.equal(service.stderr.match(ON_STDERR)?.length, 1);
  });

  for (const [what, open] of [
    ['full, and not read', fullPipe],
    ['closed at its other end', closedPipe],
  ] as const) {
    test(`S91: stderr is ${what} -> bystanders are answered nevertheless`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'held.js',
        options: { ...ONE, logger: false },
        stderr: open(t),
      });
      const pid = await service.readyPid();
      await failAmongBystanders(service, '/hostile?kind=inspect', null);
      await replaced(service, pid);
      assert.equal(await service.stop(), 0);
    });
  }

  test('S91: the entry file throws it -> the rollout aborts, and the failure is logged once', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { workers: 1 });
    const hostile = new URL('../fixtures/hostile.js', import.meta.url).href;
    for (const [index, kind] of KINDS.entries()) {
      releases.write(index + 2, `import { hostile } from '${hostile}';\nthrow hostile.${kind}();\n`);
      releases.deploy(index + 2);
      const result = await service.restart();
      assert.equal(result.outcome, 'aborted');
      assert.equal(result.outcome === 'aborted' && result.reason, 'boot-failed');
      await service.seen('worker failing', { count: index + 1 });
      assert.equal(service.lines('worker failing').length, index + 1, kind);
    }
    assert.equal(service.stderr, '');
  });

  test('S91: the entry file throws it, without a logger -> it is on stderr, once', async (t) => {
    const options = { ...ONE, logger: false };
    const service = startService(t, { fixture: 'early.js', options });
    assert.equal((await service.ended).code, 1);
    assert.match(
      service.stderr,
      /^fastify-clustered: the worker of slot \d, generation 1, failed \(pid \d+\)\nError: told/,
    );
    assert.equal(service.stderr.match(ON_STDERR)?.length, 1);
    const unread = startService(t, { fixture: 'early.js', options, stderr: fullPipe(t) });
    assert.equal((await unread.ended).code, 1);
    assert.deepEqual(unread.leftovers(), []);
  });

  for (const kind of ['undefined', 'proxy', 'huge']) {
    test(`S36: ${kind}, thrown in the primary -> a graceful shutdown with exit 1, logged once`, async (t) => {
      const logging = await startReadyService(t, { fixture: 'held.js', options: ONE });
      throwInPrimary(logging, kind);
      assert.equal((await logging.ended).code, 1);
      assert.equal(logging.lines('uncaught error in the primary').length, 1);
      assert.equal(logging.lines('worker exited').length, 1);
      assert.equal(logging.stderr, '');
      const silent = await startReadyService(t, { fixture: 'held.js', options: { ...ONE, logger: false } });
      throwInPrimary(silent, kind);
      assert.equal((await silent.ended).code, 1);
      assert.deepEqual(silent.stderr.match(ON_STDERR), [
        `fastify-clustered: uncaught error in the primary (pid ${silent.pid})`,
      ]);
    });

    test(`S72: ${kind}, thrown in a single process whose app has no logger -> it is on stderr, exit 1`, async (t) => {
      const service = startService(t, { fixture: 'held.js', options: { ...ONE, workers: 0 } });
      await service.seen('sockets bound');
      throwInPrimary(service, kind);
      assert.equal((await service.ended).code, 1);
      assert.deepEqual(service.stderr.match(ON_STDERR), [
        `fastify-clustered: uncaught error, stopping (pid ${service.pid})`,
      ]);
    });
  }
});

/** The primary may exit before it answers the call. */
function throwInPrimary(service: Service, kind: string): void {
  service.call('throwInPrimary', kind).catch(() => undefined);
}

/** Every other request is answered by the worker in which the error was thrown. */
async function failAmongBystanders(service: Service, path: string, ready: number | null): Promise<void> {
  const pid = await service.readyPid();
  const bystanders = await gather(service);
  const [keeper, culprit] = [await openConnection(service), await openConnection(service)];
  const ended = ask(culprit, path).then(
    () => 'answered',
    () => 'lost',
  );
  await service.seen('uncaught', { where: ({ by }) => by === pid });
  if (ready !== null) await service.seen('worker ready', { count: ready });
  const served = assertServedBy(pid, bystanders);
  assert.equal((await ask(keeper, '/open')).status, 200);
  await served;
  keeper.destroy();
  culprit.destroy();
  assert.equal(await ended, 'lost');
}

/** The worker has exited, and another one is ready. */
async function replaced(service: Service, pid: number | undefined): Promise<void> {
  for (;;) {
    const { workers } = await service.status();
    if (workers.length === 1 && workers[0]?.state === 'ready' && workers[0].pid !== pid) return;
    await service.get('/');
  }
}

/** A write to it blocks, because there is no reader. */
function fullPipe(t: TestContext): number {
  const { open } = pipe(t);
  const filler = open(fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  try {
    for (;;) fs.writeSync(filler, '.');
  } catch {
    // The pipe is full.
  }
  return open(fs.constants.O_RDWR);
}

/** A write to it fails with EPIPE. */
function closedPipe(t: TestContext): number {
  const { file, open } = pipe(t);
  // A pipe cannot be opened for writing without a reader.
  const reader = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const writer = open(fs.constants.O_WRONLY);
  fs.closeSync(reader);
  return writer;
}

/** Its descriptors are closed after the test. */
function pipe(t: TestContext): { readonly file: string; open(flags: number): number } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'pipe');
  execFileSync('mkfifo', [file]);
  return {
    file,
    open(flags) {
      const descriptor = fs.openSync(file, flags);
      t.after(() => fs.closeSync(descriptor));
      return descriptor;
    },
  };
}
