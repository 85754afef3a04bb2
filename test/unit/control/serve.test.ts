// What clients of the control socket may do, against a target that tests settle by hand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { serveControl } from '../../../src/control/serve.ts';
import { openControlSocket } from '../../../src/control/socket.ts';
import type { ControlTarget, EventListener } from '../../../src/control/target.ts';
import type { ControlResults } from '../../../src/protocol/control.ts';
import type { RolloutResult } from '../../../src/status.ts';
import { BareClient, controlPath } from '../../helpers/control.ts';

const COMPLETED: RolloutResult = { outcome: 'completed', generation: 2 };

suite('serveControl', () => {
  test('whatever the umask is, the socket has mode 0600 from its creation on, and the umask is what it was', async (t) => {
    const path = controlPath(t);
    const umask = process.umask(0);
    t.after(() => void process.umask(umask));
    // No chmod makes it so: there would be a moment before it.
    t.mock.method(fs, 'chmodSync', assert.fail);
    t.mock.method(fs, 'chmod', assert.fail);
    const server = await openControlSocket(path);
    t.after(() => void server.close());
    assert.equal(fs.statSync(path).mode & 0o777, 0o600);
    assert.equal(process.umask(), 0);
  });

  test('the greeting, and answers in the order in which they are known', async (t) => {
    const { client, settleRestart } = await start(t);
    assert.deepEqual(await client.seen(() => true), { protocol: 1, pid: process.pid });
    client.send(
      { id: 'r', command: 'restart' },
      { id: 's', command: 'status' },
      { command: 'scale', size: 3 },
    );
    await client.answer('s');
    assert.deepEqual(await client.answer(null), { id: null, result: { from: 2, to: 3 } });
    settleRestart(COMPLETED);
    assert.deepEqual(await client.answer('r'), { id: 'r', result: COMPLETED });
  });

  test('who waits for a rollout hears what happens, with errors as data, until it has ended; others do not', async (t) => {
    const { client, connect, settleRestart, tell } = await start(t);
    const other = connect();
    other.send({ id: 1, command: 'status' });
    await other.answer(1);
    tell('worker-ready', { early: true });
    client.send({ id: 'r', command: 'restart' }, { id: 's', command: 'status' });
    await client.answer('s');
    tell('worker-failing', { worker: { slot: 0 }, error: Object.assign(new TypeError('no'), { secret: 1 }) });
    settleRestart(COMPLETED);
    await client.answer('r');
    tell('worker-ready', { late: true });
    client.send({ id: 't', command: 'status' });
    await client.answer('t');
    const [event, ...more] = client.lines.filter((line) => 'event' in line);
    assert.deepEqual(more, []);
    assert.equal(event?.['event'], 'worker-failing');
    const { error, ...facts } = Object(event?.['details']);
    assert.deepEqual(facts, { worker: { slot: 0 } });
    const { stack, ...rest } = error;
    assert.deepEqual(rest, { name: 'TypeError', message: 'no', code: null });
    assert.match(stack, /^TypeError: no\n {4}at /);
    assert.deepEqual(
      other.lines.filter((line) => 'event' in line),
      [],
    );
  });

  for (const [line, why] of [
    ['garbage', /it is no JSON/],
    ['{"id":9,"command":"explode"}', /one of status, restart, scale, stop/],
    ['{"id":9,"command":"toString"}', /one of status/],
    ['{"id":9}', /one of status/],
    ['null', /one of status/],
    ['[]', /one of status/],
    ['"status"', /one of status/],
    ['{"id":{"a":1},"command":1}', /one of status/],
  ] as const) {
    test(`${line} -> an error, and the connection works on`, async (t) => {
      const { client } = await start(t);
      client.socket.write(`${line}\n\n{"id":1,"command":"status"}\n`);
      await client.answer(1);
      const [, error, ...more] = client.lines;
      const { code, message } = Object(error?.['error']);
      assert.equal(code, 'FST_CLUSTERED_CONTROL_REQUEST');
      assert.match(message, why);
      assert.equal(error?.['id'], line.includes('"id":9') ? 9 : null);
      assert.equal(more.length, 1);
    });
  }

  test('what the target refuses -> its code and its message', async (t) => {
    const { client } = await start(t);
    client.send({ id: 1, command: 'scale', size: 'many' });
    assert.deepEqual(await client.answer(1), { id: 1, error: { code: 'CODE', message: 'no such size' } });
  });

  test('a line without end -> an error after 64 KiB, and the connection is closed', async (t) => {
    const { client } = await start(t);
    client.socket.write('x'.repeat(70_000));
    await client.closed;
    assert.match(Object(client.lines[1]?.['error']).message, /more than 65536 bytes/);
  });

  test('a request without the end of its line, and then the end of what the client sends -> answered, then closed', async (t) => {
    const { client, settleRestart } = await start(t);
    client.socket.end('{"id":1,"command":"restart"}');
    await once(client.socket, 'finish');
    settleRestart(COMPLETED);
    await client.answer(1);
    await client.closed;
  });

  test('too many pending requests -> the further ones are refused', async (t) => {
    const { client, settleRestart } = await start(t);
    for (let id = 1; id <= 65; id += 1) client.send({ id, command: 'restart' });
    assert.match(Object((await client.answer(65))['error']).message, /64 others of this client are pending/);
    settleRestart(COMPLETED);
    await client.answer(64);
    client.send({ id: 66, command: 'status' });
    await client.answer(66);
  });

  test('a client that does not read -> disconnected, others are served', async (t) => {
    const { client, connect, tell } = await start(t);
    const stalled = connect();
    await stalled.seen(() => true);
    stalled.socket.pause();
    stalled.send({ id: 1, command: 'restart' }, { id: 2, command: 'status' });
    client.send({ id: 1, command: 'status' });
    await client.answer(1);
    const text = 'x'.repeat(100_000);
    // In turns of the event loop, so that the request above is read by then.
    for (let count = 0; count < 100; count += 1) {
      tell('worker-ready', { text });
      client.send({ id: `s${count}`, command: 'status' });
      await client.answer(`s${count}`);
    }
    stalled.socket.resume();
    await stalled.closed;
    assert.ok(stalled.lines.length < 60, `${stalled.lines.length} lines`);
  });

  test('many clients -> 64 are served, the others are turned away, and there is room again', async (t) => {
    const { client, connect } = await start(t);
    const others = Array.from({ length: 63 }, connect);
    for (const other of others) await other.seen(() => true);
    const tooMany = connect();
    await tooMany.closed;
    assert.deepEqual(tooMany.lines, []);
    others[0]?.socket.destroy();
    client.send({ id: 1, command: 'status' });
    await client.answer(1);
    const later = connect();
    await later.seen(() => true);
  });

  test('a client that goes away with pending requests -> the target is not disturbed', async (t) => {
    const { client, connect, settleRestart, tell } = await start(t);
    const leaving = connect();
    leaving.send({ id: 1, command: 'restart' }, { id: 2, command: 'status' });
    await leaving.answer(2);
    leaving.socket.destroy();
    await once(leaving.socket, 'close');
    tell('worker-ready', {});
    settleRestart(COMPLETED);
    client.send({ id: 1, command: 'status' });
    await client.answer(1);
  });

  test('the end: the file is gone at once, the last answers are sent, and every connection is closed', async (t) => {
    const { path, client, connect, ended, settleStop } = await start(t);
    const idle = connect();
    await idle.seen(() => true);
    client.send({ id: 1, command: 'stop' }, { id: 2, command: 'status' });
    await client.answer(2);
    settleStop({ exitCode: 0, reason: 'requested' });
    await ended;
    assert.equal(fs.existsSync(path), false);
    assert.deepEqual(await client.answer(1), { id: 1, result: { exitCode: 0, reason: 'requested' } });
    await Promise.all([client.closed, idle.closed]);
  });

  test('a process with an open socket and an idle client ends by itself', (t) => {
    const path = controlPath(t);
    const program = `
      const { openControlSocket } = await import('./src/control/socket.ts');
      const { serveControl } = await import('./src/control/serve.ts');
      const net = await import('node:net');
      const server = await openControlSocket(${JSON.stringify(path)});
      void serveControl(server, { follow() {}, stopped: new Promise(() => {}) });
      const client = net.connect(${JSON.stringify(path)}).unref();
      client.ref();
      client.once('data', () => { client.unref(); console.log('greeted'); });
    `;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const out = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    assert.equal(out, 'greeted\n');
  });
});

async function start(t: TestContext) {
  const path = controlPath(t);
  let settleRestart: (result: RolloutResult) => void = () => undefined;
  const rollout = new Promise<RolloutResult>((resolve) => {
    settleRestart = resolve;
  });
  let tell: EventListener = assert.fail;
  let settleStop: (ending: ControlResults['stop']) => void = () => undefined;
  const target: ControlTarget = {
    status: () => ({ phase: 'running' }) as never,
    restart: () => rollout,
    scale(size) {
      if (typeof size !== 'number') throw Object.assign(new Error('no such size'), { code: 'CODE' });
      return { from: 2, to: size };
    },
    stop: () => undefined,
    stopped: new Promise((resolve) => {
      settleStop = resolve;
    }),
    follow(listener) {
      tell = listener;
    },
    told: () => undefined,
  };
  const ended = serveControl(await openControlSocket(path), target);
  const clients: BareClient[] = [];
  const connect = (): BareClient => {
    const client = new BareClient(path);
    clients.push(client);
    return client;
  };
  t.after(async () => {
    for (const { socket } of clients) socket.destroy();
    settleStop({ exitCode: 0, reason: 'requested' });
    await ended;
  });
  return {
    path,
    client: connect(),
    connect,
    ended,
    tell: (event: string, details: object) => tell(event, details),
    settleStop: (ending: ControlResults['stop']) => settleStop(ending),
    settleRestart: (result: RolloutResult) => settleRestart(result),
  };
}
