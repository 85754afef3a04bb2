// The control socket in trouble: clients that go away, stall or talk nonsense; several restarts; a socket that is taken.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { BareClient, controlPath, runProgram } from '../helpers/control.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import { HUMAN_PAUSE_MS, QUICK } from '../helpers/times.ts';
import { setTimeout } from 'node:timers/promises';

suite('control', () => {
  test('a client that goes away in the middle of its restart -> the rollout goes on', async (t) => {
    const control = { path: controlPath(t) };
    const service = await startReadyService(t, { options: { rollout: QUICK, control } });
    const client = new BareClient(control.path);
    client.send({ id: 1, command: 'restart' });
    await client.seen(({ event }) => event === 'rollout-started');
    client.socket.destroy();
    assert.equal((await service.seen('rollout completed'))['generation'], 2);
    assert.equal((await runProgram(['status', '--control', control.path])).code, 0);
  });

  test('several restarts at once -> the last one completes, the others are superseded, and each client is told its own outcome', async (t) => {
    const control = { path: controlPath(t) };
    await startReadyService(t, { options: { rollout: QUICK, control } });
    const clients = [1, 2, 3].map(() => new BareClient(control.path));
    const [first, second, third] = clients;
    assert.ok(first && second && third);
    first.send({ id: 'a', command: 'restart' }, { id: 'b', command: 'restart' });
    await first.seen(({ event }) => event === 'rollout-started');
    second.send({ id: 'a', command: 'restart' });
    await second.seen(({ event }) => event === 'rollout-started');
    third.send({ id: 7, command: 'restart' });
    const results = await Promise.all([
      first.answer('a'),
      first.answer('b'),
      second.answer('a'),
      third.answer(7),
    ]);
    assert.deepEqual(
      results.map(({ result }) => result),
      [
        { outcome: 'superseded', generation: 2, by: 3 },
        { outcome: 'superseded', generation: 3, by: 4 },
        { outcome: 'superseded', generation: 4, by: 5 },
        { outcome: 'completed', generation: 5 },
      ],
    );
    for (const { socket } of clients) socket.destroy();
  });

  test('SIGTERM in the middle of a restart -> its client is told that the service stops, and nobody is waited for', async (t) => {
    const control = { path: controlPath(t) };
    const service = await startReadyService(t, { options: { rollout: QUICK, control } });
    const [restarting, idle] = [new BareClient(control.path), new BareClient(control.path)];
    await idle.seen(({ protocol }) => protocol === 1);
    restarting.send({ id: 1, command: 'restart' });
    await restarting.seen(({ event }) => event === 'rollout-started');
    service.signal('SIGTERM');
    const { result } = await restarting.answer(1);
    assert.equal(Reflect.get(Object(result), 'reason'), 'stopping');
    assert.equal((await service.ended).code, 0);
    await Promise.all([restarting.closed, idle.closed]);
    assert.equal(fs.existsSync(control.path), false);
  });

  test('a stop that a second one overtakes by force -> the program says that it was not clean, exit 1', async (t) => {
    const control = { path: controlPath(t) };
    const service = await startReadyService(t, { options: { control } });
    const held = service.get('/slow?ms=20000').catch(() => undefined);
    await service.get('/');
    const stopping = runProgram(['stop', '--control', control.path]);
    await service.seen('stopping');
    await setTimeout(HUMAN_PAUSE_MS);
    service.signal('SIGTERM');
    await setTimeout(HUMAN_PAUSE_MS);
    service.signal('SIGTERM');
    const { code, err } = await stopping;
    assert.equal(code, 1);
    assert.match(err, /stopped, but not cleanly: forced/);
    await held;
  });

  test('the socket of a primary that was killed -> replaced; of one that lives -> exit 1 before any fork, and it lives on', async (t) => {
    const control = { path: controlPath(t) };
    const first = await startReadyService(t, { options: { control } });
    const refused = startService(t, { options: { control } });
    assert.equal((await refused.ended).code, 1);
    assert.match(refused.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
    assert.match(
      refused.stderr,
      /another process listens there; stop it, or choose another path \(control\.path\)/,
    );
    assert.deepEqual(refused.lines('worker forked'), []);
    assert.equal((await runProgram(['status', '--control', control.path])).code, 0);
    first.signal('SIGKILL');
    await first.ended;
    assert.ok(fs.existsSync(control.path));
    await startReadyService(t, { options: { control } });
    assert.equal((await runProgram(['restart', '--control', control.path])).code, 0);
  });

  for (const [what, make, why] of [
    [
      'a folder that is missing',
      (file: string) => path.join(path.dirname(file), 'no', 'c.sock'),
      'no such folder',
    ],
    ['a file that is no socket', (file: string) => (fs.writeFileSync(file, 'precious'), file), 'no socket'],
    [
      'a path that is too long',
      (file: string) => path.join(path.dirname(file), 'x'.repeat(120)),
      'at most 107',
    ],
  ] as const) {
    test(`${what} -> one clear error before any fork`, async (t) => {
      const file = make(controlPath(t));
      for (const workers of [2, 0]) {
        const service = startService(t, { options: { workers, control: { path: file } } });
        assert.equal((await service.ended).code, 1);
        assert.match(service.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
        assert.ok(service.stderr.includes(why), service.stderr);
        assert.deepEqual(service.lines('worker forked'), []);
      }
      if (what.includes('file')) assert.equal(fs.readFileSync(file, 'utf8'), 'precious');
    });
  }

  test('workers: 0 -> status and stop; a restart says why not', async (t) => {
    const control = { path: controlPath(t) };
    const service = startService(t, { options: { workers: 0, control } });
    const args = ['--control', control.path];
    await listening(control.path);
    const { code, out } = await runProgram(['status', ...args]);
    assert.deepEqual([code, out.split(',')[0]], [0, `pid ${service.pid}`]);
    for (const command of [['restart'], ['scale', '2']]) {
      const refused = await runProgram([...command, ...args]);
      assert.equal(refused.code, 1);
      assert.match(refused.err, /FST_CLUSTERED_SINGLE: .*workers: 0/);
    }
    assert.deepEqual(await runProgram(['stop', ...args]), { code: 0, out: 'stopped\n', err: '' });
    assert.equal((await service.ended).code, 0);
    assert.equal(fs.existsSync(control.path), false);
  });
});

/** Until somebody listens there. */
async function listening(file: string): Promise<void> {
  for (;;) {
    const socket = net.connect(file);
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    assert.ok(process.uptime() < 300);
    await setTimeout(20);
  }
}
