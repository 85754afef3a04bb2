// The units of deploy/systemd under a real systemd: start, reload, stop, watchdog, what a killed primary costs.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { attribute, readPage } from '../docs/markdown.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { bootMachine, exposure } from '../helpers/machine.ts';
import type { Machine } from '../helpers/machine.ts';
import { GENEROUS } from '../helpers/times.ts';
import { hasTool } from '../helpers/tools.ts';

suite('systemd', { timeout: 600_000 }, () => {
  test('S56: the unit is hardened', (t) => {
    if (!hasTool(t, 'systemd-analyze', 'systemd')) return;
    assert.ok((exposure('hello.service') ?? 10) < 3, `${exposure('hello.service')}`);
  });

  test('S56: active only when all are ready; a reload waits, loses nothing, and fails when it was aborted; stop', async (t) => {
    const machine = await bootMachine(t, {
      options: { rollout: GENEROUS },
      service: ['Environment=SLOW=1'],
    });
    if (machine === null) return;
    // Each boot takes a second, one after the other: there is time to look in between.
    machine.deploy(2, SLOW);
    const starting = machine.mustRun('systemctl', 'start', 'hello');
    await machine.until('StatusText', (text) => text.startsWith('starting: '));
    assert.equal(await machine.property('ActiveState'), 'activating');
    await starting;
    assert.equal(await machine.property('ActiveState'), 'active');
    assert.match(await machine.until('StatusText', isReady), /^2 of 2 workers ready, generation 1$/);
    assert.deepEqual(await get(machine), { release: 2, notify: null });

    const origin = { host: '127.0.0.1', port: machine.port };
    const loads = startLoads(
      { origin, clients: 4, connections: 'kept-alive' },
      { origin, clients: 4, connections: 'fresh' },
    );
    t.after(() => loads.stop().then(() => undefined));
    await loads.more(50);
    machine.deploy(3, SLOW);
    const reloading = machine.run('systemctl', 'reload', 'hello');
    await machine.until('StatusText', (text) => text.includes('rolling out generation 2'));
    assert.equal(await machine.property('ActiveState'), 'reloading');
    assert.equal((await reloading).code, 0);
    assert.equal(await machine.property('ActiveState'), 'active');
    assert.match(await machine.property('StatusText'), /generation 2$/);
    await loads.more(50);

    machine.deploy(4, `throw new Error('no database');`);
    const failed = await machine.run('systemctl', 'reload', 'hello');
    assert.notEqual(failed.code, 0);
    assert.equal(await machine.property('ActiveState'), 'active');
    assert.match(
      await machine.property('StatusText'),
      /^2 of 2 workers ready, generation 2; rollout of generation 3 aborted: boot-failed: no database$/,
    );
    const told = (await machine.entries()).map(({ MESSAGE }) => MESSAGE ?? '');
    assert.ok(
      told.some((line) => line.startsWith('fastify-clustered: rollout of generation 3 aborted: boot-failed')),
    );
    for (const report of await loads.stop()) assertNothingLost(report);
    assert.equal((await get(machine))['release'], 3);

    await machine.mustRun('systemctl', 'stop', 'hello');
    assert.equal(await machine.property('Result'), 'success');
    assert.equal(await machine.property('ActiveState'), 'inactive');
  });

  test('every command of docs/systemd.md works', async (t) => {
    const machine = await bootMachine(t);
    if (machine === null) return;
    const commands = readPage('docs/systemd.md').blocks.filter(
      (block) => attribute(block, 'system') === 'systemd',
    );
    for (const { text } of commands.filter(({ language }) => language === 'sh')) {
      for (const line of text.trim().split('\n')) await machine.mustRun('sh', '-c', line);
    }
  });

  test('S56: the watchdog restarts a primary that is stopped (SIGSTOP)', async (t) => {
    const machine = await bootMachine(t, { service: ['WatchdogSec=4', 'TimeoutAbortSec=5'] });
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello');
    const first = await machine.property('MainPID');
    // For longer than the watchdog's time it is told.
    await machine.until('WatchdogTimestampMonotonic', (time) => Number(time) > 0);
    const begun = performance.now();
    while (performance.now() - begun < 6_000) await get(machine);
    assert.equal(await machine.property('NRestarts'), '0');
    process.kill(await machine.mainPid(), 'SIGSTOP');
    await machine.until('NRestarts', (count) => count === '1');
    await machine.until('ActiveState', (state) => state === 'active');
    assert.notEqual(await machine.property('MainPID'), first);
    await get(machine);
    assert.match(await machine.journal(), /Watchdog timeout/);
  });

  test('S56: a drain longer than TimeoutStopSec, within our own times -> it is waited for', async (t) => {
    const machine = await bootMachine(t, {
      options: { shutdown: { graceMs: 20_000 } },
      // Time enough to tell systemd how long it will take, also on a machine that is busy.
      service: ['TimeoutStopSec=10'],
    });
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello');
    const slow = fetch(`http://127.0.0.1:${machine.port}/slow?ms=14000`);
    await get(machine);
    await machine.mustRun('systemctl', 'stop', 'hello');
    assert.equal((await slow).status, 200);
    assert.equal(await machine.property('Result'), 'success');
  });

  test('S56: a boot and a rollout longer than TimeoutStartSec, within our own times -> they are waited for', async (t) => {
    const machine = await bootMachine(t, { options: { workers: 2 }, service: ['TimeoutStartSec=5'] });
    if (machine === null) return;
    machine.deploy(2, `await setTimeout(6_000);`);
    await machine.mustRun('systemctl', 'start', 'hello');
    await machine.mustRun('systemctl', 'reload', 'hello');
    assert.match(await machine.property('StatusText'), /generation 2$/);
    await machine.mustRun('systemctl', 'stop', 'hello');
  });

  test('S56: workers: 0 -> active when it listens; a reload says why not; stop', async (t) => {
    const machine = await bootMachine(t, { options: { workers: 0 } });
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello');
    await get(machine);
    assert.equal(await machine.property('StatusText'), 'serving from one process');
    assert.notEqual((await machine.run('systemctl', 'reload', 'hello')).code, 0);
    assert.match(await machine.journal(), /FST_CLUSTERED_SINGLE/);
    await machine.mustRun('systemctl', 'stop', 'hello');
    assert.equal(await machine.property('Result'), 'success');
  });

  test('kill -9 of the primary, a long request running -> it is answered, and the service is restarted', async (t) => {
    const machine = await bootMachine(t);
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello');
    const slow = fetch(`http://127.0.0.1:${machine.port}/slow?ms=3000`);
    await get(machine);
    process.kill(await machine.mainPid(), 'SIGKILL');
    assert.equal((await slow).status, 200);
    await machine.until('NRestarts', (count) => count === '1');
    await machine.until('ActiveState', (state) => state === 'active');
    await get(machine);
  });

  test('the log has priorities in the journal, what workers write stays as it is', async (t) => {
    const machine = await bootMachine(t);
    if (machine === null) return;
    await machine.mustRun('systemctl', 'start', 'hello');
    await fetch(`http://127.0.0.1:${machine.port}/say?line=${encodeURIComponent('{"level":50}')}`, {
      method: 'POST',
    });
    const { pid } = await get(machine, true);
    process.kill(machine.hostPid(Number(pid)), 'SIGKILL');
    const find = async (text: string): Promise<Readonly<Record<string, string>>> => {
      for (;;) {
        const found = (await machine.entries()).find(({ MESSAGE }) => MESSAGE?.includes(text));
        if (found !== undefined) return found;
      }
    };
    const crashed = await find('"worker crashed"');
    assert.equal(crashed['PRIORITY'], '3');
    assert.equal(JSON.parse(crashed['MESSAGE'] ?? '').msg, 'worker crashed');
    assert.equal((await find('"all workers ready"'))['PRIORITY'], '6');
    assert.deepEqual(pick(await find('{"level":50}')), { MESSAGE: '{"level":50}', PRIORITY: '6' });
  });
});

const SLOW = `await setTimeout(1_500);`;

function isReady(text: string): boolean {
  return text.startsWith('2 of 2');
}

/** On a connection of its own: one that is kept alive stays with a worker that drains. */
async function get(machine: Machine, withPid = false): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${machine.port}/`, { headers: { connection: 'close' } });
  assert.equal(response.status, 200);
  const { pid, ...rest } = Object(await response.json());
  return withPid ? { pid, ...rest } : rest;
}

function pick({ MESSAGE, PRIORITY }: Readonly<Record<string, string>>): object {
  return { MESSAGE, PRIORITY };
}
