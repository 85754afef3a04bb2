// What one worker broadcasts reaches every other one, and cannot fill the memory of the primary.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { startReadyService, startService } from '../helpers/service.ts';
import type { LogLine, Service } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

const MiB = 1_024 * 1_024;

suite('broadcast', () => {
  test('S109: a worker broadcasts -> every other worker hears it once, and the sender does not', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js', options: { workers: 3 } });
    const data = { id: 7, name: 'Zoë' };
    const { pid } = await say(service, { data });
    await service.seen('heard', { count: 2 });
    // Nothing else comes: what is said later comes later.
    const { pid: other } = await say(service, { data: 'last' });
    await service.seen('heard', { count: 4 });
    const heard = service.lines('heard');
    const others = (await service.readyPids()).filter((each) => each !== pid);
    assert.deepEqual(by(heard.filter((line) => line['data'] !== 'last')), new Set(others));
    assert.ok(heard.filter((line) => line['data'] === 'last').every((line) => line['by'] !== other));
    assert.deepEqual(heard[0]?.['data'], data);
  });

  test('S109: the primary broadcasts -> every worker hears it', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js' });
    await service.call('broadcast', 'news', 'from the primary');
    await service.seen('heard', { count: 2 });
    assert.deepEqual(by(service.lines('heard')), new Set(await service.readyPids()));
    await assert.rejects(service.call('broadcast', '', 1), { code: 'FST_CLUSTERED_OPTION_INVALID' });
    await assert.rejects(service.call('broadcast', 'news', 'x'.repeat(8 * MiB)), {
      code: 'FST_CLUSTERED_BROADCAST_TOO_LARGE',
    });
  });

  test('S109: in a rollout -> workers that boot hear it, and workers that drain', async (t) => {
    const service = await startReadyService(t, {
      fixture: 'broadcasting.js',
      options: { workers: 1, rollout: QUICK },
      env: { BUILD_MS: '1500' },
    });
    const building = service.next('building');
    const rolled = service.rollOut();
    const { by: successor } = await building;
    const { pid: old } = await say(service, { data: 'while it boots' });
    const booting = await service.seen('heard');
    assert.deepEqual([booting['by'], booting['state']], [successor, 'booting']);
    // As long as this request lasts the old worker drains.
    const slow = service.get('/slow?ms=4000');
    await rolled;
    assert.deepEqual((await say(service, { data: 'while it drains' })).pid, successor);
    const draining = await service.seen('heard', { count: 2 });
    assert.deepEqual([draining['by'], draining['state']], [old, 'draining']);
    assert.equal((await slow).status, 200);
  });

  test('S109: 5 MB, and a worker that is busy -> it hears it when it reads again', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js' });
    const blocking = service.next('blocking');
    const blocked = service.get('/block?ms=1500');
    await blocking;
    // Only the other worker accepts.
    await say(service, { size: 5_000_000 });
    const { pid } = JSON.parse((await blocked).body);
    const heard = await service.seen('heard');
    assert.deepEqual([heard['by'], heard['data']], [pid, 5_000_000]);
  });

  test('S109: a worker that does not read -> the primary serves on, drops what is too much, and tells the count once', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js', options: { watchdog: false } });
    const stopped = await service.readyPid();
    process.kill(stopped, 'SIGSTOP');
    const { sent } = await say(service, { size: 5_000_000, times: 8, patient: true });
    // Of the worker that has sent them: the answer of the primary comes when it has read them all.
    const { workers } = JSON.parse((await service.get('/fleet')).body);
    assert.equal(workers.length, 2, 'the primary serves on');
    assert.deepEqual(service.lines('broadcasts dropped'), []);
    process.kill(stopped, 'SIGCONT');
    const told = await service.seen('broadcasts dropped');
    assert.equal(told.worker?.pid, stopped);
    // It hears again what is said from now on.
    await service.call('broadcast', 'news', 'afterwards');
    const ofStopped = (line: LogLine): boolean => line['by'] === stopped;
    await service.seen('heard', { where: (line) => ofStopped(line) && line['data'] === 'afterwards' });
    const heard = service.lines('heard').filter((line) => ofStopped(line) && line['data'] === 5_000_000);
    assert.ok(heard.length >= 3, 'what fitted has arrived');
    assert.equal(Number(told['dropped']) + heard.length, sent);
    assert.equal(service.lines('broadcasts dropped').length, 1);
  });

  test('S109: a worker that does not read, and is killed -> told at its exit', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js', options: { watchdog: false } });
    const stopped = await service.readyPid();
    process.kill(stopped, 'SIGSTOP');
    await say(service, { size: 5_000_000, times: 5, patient: true });
    await service.get('/fleet');
    process.kill(stopped, 'SIGKILL');
    const told = await service.seen('broadcasts dropped');
    assert.equal(told.worker?.pid, stopped);
    await service.seen('worker crashed');
    assert.equal(service.lines('broadcasts dropped').length, 1);
  });

  test('S109: the primary does not read -> broadcast() returns false instead of filling the memory of the worker', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js', options: { workers: 1 } });
    const port = await service.port();
    service.signal('SIGSTOP');
    const { sent } = await say(service, { size: 5_000_000, times: 10 }, port);
    service.signal('SIGCONT');
    assert.ok(sent >= 3 && sent < 10, `${sent} were sent`);
    assert.equal((await say(service, { data: 'again' })).sent, 1);
  });

  test('S109: a listener that throws -> the app logs it, and the worker serves on', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js' });
    await service.call('broadcast', 'bad', 1);
    await service.call('broadcast', 'news', 1);
    await service.seen('heard', { count: 2 });
    assert.deepEqual(service.lines('worker failing'), []);
  });

  test('S109: data that cannot be sent -> an error of ours', async (t) => {
    const service = await startReadyService(t, { fixture: 'broadcasting.js', options: { workers: 1 } });
    const answers = [{ topic: 7, data: 1 }, { topic: 'news' }, { size: 8 * MiB }].map((body) =>
      post(service, body),
    );
    const codes = (await Promise.all(answers)).map(({ body }) => JSON.parse(body).code);
    assert.deepEqual(codes, [
      'FST_CLUSTERED_OPTION_INVALID',
      'FST_CLUSTERED_OPTION_INVALID',
      'FST_CLUSTERED_BROADCAST_TOO_LARGE',
    ]);
  });

  test('S109: a single process -> nobody else is there to hear it', async (t) => {
    const service = startService(t, { fixture: 'broadcasting.js', options: { workers: 0 } });
    assert.equal((await say(service, { data: 1 })).sent, 1);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.lines('heard'), []);
  });
});

interface Said {
  readonly topic?: unknown;
  readonly data?: unknown;
  /** A text of that length instead. */
  readonly size?: number;
  readonly times?: number;
  /** What cannot be sent is sent again in a moment. */
  readonly patient?: boolean;
}

async function say(service: Service, said: Said, port?: number): Promise<{ pid: number; sent: number }> {
  const { status, body } = await post(service, said, port);
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

async function post(
  service: Service,
  said: Said,
  port?: number,
): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(`http://127.0.0.1:${port ?? (await service.port())}/say`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(said),
  });
  return { status: answer.status, body: await answer.text() };
}

function by(lines: readonly LogLine[]): ReadonlySet<number> {
  return new Set(lines.map((line) => Number(line['by'])));
}
