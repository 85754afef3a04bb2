// hello.socket and hello.service of deploy/systemd under a real systemd, which holds the sockets while the service is restarted.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { attribute, readPage } from '../docs/markdown.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import type { Loads } from '../helpers/loads.ts';
import { bootMachine } from '../helpers/machine.ts';
import type { Machine } from '../helpers/machine.ts';

suite('socket activation', { timeout: 600_000 }, () => {
  test('S57, S104: the first connection starts the service; it is restarted as a whole, twice, under load -> 0 refused, 0 lost', async (t) => {
    const machine = await bootMachine(t, { socket: [] });
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello.socket');
    assert.equal(await machine.property('ActiveState'), 'inactive');
    assert.equal(await status(machine), 200);
    await machine.until('ActiveState', (state) => state === 'active');
    const loads = load(t, machine, 'fresh');
    for (let restart = 1; restart <= 2; restart += 1) {
      await loads.more(100);
      await machine.mustRun('systemctl', 'restart', 'hello');
    }
    await loads.more(100);
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal(await machine.property('NRestarts'), '0');
  });

  test('every command of docs/systemd.md about the socket works', async (t) => {
    const machine = await bootMachine(t, { socket: [] });
    if (machine === null) return;
    const block = readPage('docs/systemd.md').blocks.find(
      (each) => attribute(each, 'system') === 'systemd-socket',
    );
    for (const line of block?.text.trim().split('\n') ?? assert.fail())
      await machine.mustRun('sh', '-c', line);
    assert.equal(await status(machine), 200);
  });

  test('S57: kill -9 of the primary, a long request running -> it is answered, 0 refused, and the service is back', async (t) => {
    const machine = await bootMachine(t, { socket: [] });
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello.socket', 'hello');
    const loads = load(t, machine, 'fresh');
    const long = status(machine, '/slow?ms=3000');
    await loads.more(50);
    process.kill(await machine.mainPid(), 'SIGKILL');
    assert.equal(await long, 200);
    await machine.until('NRestarts', (count) => count === '1');
    await machine.until('ActiveState', (state) => state === 'active');
    await loads.more(50);
    for (const { refused, hung, sent } of await loads.stop()) {
      assert.ok(sent > 0);
      assert.deepEqual({ refused, hung }, { refused: 0, hung: 0 });
    }
  });

  test('S104: a TCP socket and a Unix socket in one unit -> both are served, also after a restart', async (t) => {
    const machine = await bootMachine(t, { socket: ['ListenStream=/run/hello.sock'] });
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello.socket', 'hello');
    for (let round = 1; round <= 2; round += 1) {
      assert.equal(await status(machine), 200);
      const over = ['curl', '--silent', '--fail', '--unix-socket', '/run/hello.sock', 'http://localhost/'];
      assert.match(await machine.mustRun(...over), /"release":1/);
      await machine.mustRun('systemctl', 'restart', 'hello');
    }
    await machine.mustRun('systemctl', 'stop', 'hello');
    // It is systemd's, and stays for whoever comes later.
    await machine.mustRun('test', '-S', '/run/hello.sock');
  });
});

async function status(machine: Machine, path = '/'): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${machine.port}${path}`, {
    headers: { connection: 'close' },
  });
  await response.text();
  return response.status;
}

/** Ends with the test, however that ends. */
function load(t: TestContext, machine: Machine, connections: 'fresh' | 'kept-alive'): Loads {
  const loads = startLoads({
    origin: { host: '127.0.0.1', port: machine.port },
    clients: 8,
    connections,
    hungAfterMs: 60_000,
  });
  t.after(() => loads.stop().then(() => undefined));
  return loads;
}
