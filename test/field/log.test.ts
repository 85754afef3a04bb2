// The log of the primary is not read, cannot be written, or its logger throws: the fleet goes on as usual.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Readable } from 'node:stream';
import { startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

/** How the service starts, and where its log can be read later. */
interface Surroundings {
  readonly options: ServiceOptions;
  reader(service: Service): Readable;
}

suite('the log', () => {
  for (const [kind, surround] of [
    ['pipe', aPipe],
    ['socket', aSocket],
    ['terminal', aTerminal],
  ] as const) {
    test(`S83: the ${kind} of the log is not read -> the service respawns and rolls, says later how many lines are missing, and stops`, async (t) => {
      const { options, reader } = surround(t);
      const service = await startObserved(t, options);
      await crash(service);
      await roll(service);
      const output = reader(service);
      service.follow(output);
      const { missing } = await service.seen('log lines missing');
      const total = await service.call<number>('lines');
      while (written(service) < total - Number(missing)) await service.more(service.log.length);
      assert.equal(written(service), total - Number(missing));
      assert.ok(Number(missing) > 0);
      // The reader stalls again.
      output.pause();
      await end(service);
      output.resume();
      assert.deepEqual(await service.ended, { code: 0, signal: null });
    });
  }

  test('S84: the disk is full from the start -> the service goes on', async (t) => {
    const full = fs.openSync('/dev/full', 'w');
    t.after(() => fs.closeSync(full));
    await carriesOn(await startObserved(t, { stdout: full }));
  });

  test('S84: the disk becomes full -> the service goes on', async (t) => {
    const file = path.join(folder(t), 'log');
    const log = fs.openSync(file, 'w');
    t.after(() => fs.closeSync(log));
    // In POSIX blocks of 512 bytes. A write beyond them fails with EFBIG.
    const limited = ['sh', '-c', 'ulimit -f 400 && exec "$@"', 'sh'];
    const service = await startObserved(t, {
      stdout: log,
      command: (direct) => [...limited, ...direct],
    });
    await carriesOn(service);
    assert.equal(fs.statSync(file).size, 400 * 512);
  });

  test('S84: the reader of the log has exited -> the service goes on', async (t) => {
    const service = await startObserved(t, { stdout: 'unread' });
    service.child.stdout?.destroy();
    await carriesOn(service);
  });

  for (const how of [
    'throws',
    'throws once the fleet is ready',
    'throws something that cannot be logged',
    'rejects',
    'writes to a full disk from a thread',
    'writes to a stream that fails',
  ]) {
    test(`S84: a logger that ${how} -> the service goes on, and says once that the logger fails`, async (t) => {
      const service = await startObserved(t, { env: { LOGGER: how } });
      await carriesOn(service);
      assert.equal(service.stderr.match(/the logger fails, so log lines are missing/g)?.length, 1);
    });
  }

  test('S84: a logger that causes an uncaught error with each line -> the service stops, with exit code 1', async (t) => {
    const how = 'causes an uncaught error with each line';
    const service = await startObserved(t, { env: { LOGGER: how } });
    process.kill(await service.readyPid(), 'SIGKILL');
    assert.equal((await service.seen('exit'))['code'], 1);
  });
});

async function startObserved(t: TestContext, options: ServiceOptions): Promise<Service> {
  const service = startService(t, { fixture: 'observed.js', options: { rollout: QUICK }, ...options });
  await service.seen('sockets bound');
  // Behind a terminal the service is in a process group of its own.
  const pid = await service.call<number>('pid');
  t.after(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has exited, as it should.
    }
  });
  return service;
}

/** Respawns, rolls, respawns again, and stops. */
async function carriesOn(service: Service): Promise<void> {
  await crash(service);
  await roll(service);
  await crash(service);
  await end(service);
}

async function crash(service: Service): Promise<void> {
  const pid = await service.readyPid();
  const ready = service.next('worker-ready');
  process.kill(pid, 'SIGKILL');
  await ready;
  assert.equal((await service.get('/')).status, 200);
}

async function roll(service: Service): Promise<void> {
  const completed = service.next('rollout-completed');
  process.kill(await service.call('pid'), 'SIGUSR2');
  await completed;
  for (const { worker } of service.lines('worker-draining')) {
    await service.seen('worker-exited', { where: (exited) => exited.worker?.pid === worker?.pid });
  }
}

/** Stops. No request is cut, and the exit code is 0. */
async function end(service: Service): Promise<void> {
  const pid = await service.call<number>('pid');
  const slow = service.get('/slow?ms=300');
  await service.get('/');
  process.kill(pid, 'SIGTERM');
  assert.equal((await slow).status, 200);
  assert.equal((await service.seen('exit'))['code'], 0);
}

/** How many lines of the primary's log were read. */
function written(service: Service): number {
  return service.log.filter(({ padding }) => padding !== undefined).length;
}

function folder(t: TestContext): string {
  const created = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(created, { recursive: true }));
  return created;
}

function aPipe(t: TestContext): Surroundings {
  const fifo = path.join(folder(t), 'log');
  execFileSync('mkfifo', [fifo]);
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  const output = fs.openSync(fifo, O_RDONLY | O_NONBLOCK);
  const input = fs.openSync(fifo, 'w');
  t.after(() => fs.closeSync(input));
  return {
    options: { stdout: input },
    reader() {
      const socket = new net.Socket({ fd: output, writable: false });
      t.after(() => void socket.destroy());
      return socket;
    },
  };
}

function aSocket(): Surroundings {
  return { options: { stdout: 'unread' }, reader: outputOf };
}

/** With util-linux's `script` as the terminal. */
function aTerminal(): Surroundings {
  const quoted = (direct: readonly string[]): string => direct.map((word) => `'${word}'`).join(' ');
  return {
    options: {
      stdout: 'unread',
      command: (direct) => ['script', '-qec', `exec ${quoted(direct)}`, '/dev/null'],
    },
    reader: (service) => Readable.from(fromTerminal(outputOf(service))),
  };
}

/** A terminal shows lines for people. The test needs the message, whether it is one of the log, and how many are missing. */
async function* fromTerminal(output: Readable): AsyncGenerator<string> {
  let unread = '';
  for await (const chunk of output) {
    const lines = (unread + String(chunk)).split('\n');
    unread = lines.pop() ?? '';
    for (const line of lines) {
      const [, msg, padding, missing] =
        /^\S+ [A-Z]+ +(.*?) padding=(x+)(?:.* missing=(\d+))?/.exec(line) ?? [];
      if (msg !== undefined) yield `${JSON.stringify({ msg, padding, missing: Number(missing) })}\n`;
    }
  }
}

function outputOf({ child }: Service): Readable {
  assert.ok(child.stdout);
  return child.stdout;
}
