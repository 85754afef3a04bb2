// The first start: an error that keeps the service from starting is reported once, clearly, and leaves no process behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import process from 'node:process';
import { suite, test } from 'node:test';
import { startReadyService, startService } from '../helpers/service.ts';

suite('boot', () => {
  for (const [what, behaviour, message] of [
    ['throws', 'throw', /TypeError: this release is broken[\s\S]*fickle\.js/],
    ['exits', 'exit', /exited with code 3/],
  ] as const) {
    test(`S28: a first boot that ${what} -> the primary exits with code 1 and the worker's own error, without a retry`, async (t) => {
      const service = startService(t, { fixture: 'fickle.js', env: { BEHAVIOUR_1: behaviour } });
      const { code } = await service.ended;
      assert.equal(code, 1);
      assert.match(service.stderr, /FST_CLUSTERED_BOOT_FAILED/);
      assert.match(service.output, message);
      assert.equal(service.lines('worker forked').length, 2);
      assert.deepEqual(service.leftovers(), []);
    });
  }

  test('S28: a first boot that hangs -> exit 1 after boot.timeoutMs', async (t) => {
    const service = startService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'hang' },
      options: { boot: { timeoutMs: 700 }, closeMs: 200 },
    });
    assert.equal((await service.ended).code, 1);
    assert.match(service.output, /not ready within boot\.timeoutMs \(700 ms\)/);
    assert.deepEqual(service.leftovers(), []);
  });

  test('S29: a port in use -> one clear error, before any fork', async (t) => {
    const busy = net.createServer().listen(0, '127.0.0.1');
    t.after(() => void busy.close());
    await once(busy, 'listening');
    const address = busy.address();
    assert.ok(typeof address === 'object' && address !== null);
    const service = startService(t, { options: { listen: { port: address.port, timeoutMs: 0 } } });
    await assertRefused(service, /cannot listen on 127\.0\.0\.1:\d+: the port is in use/);
    assert.deepEqual(service.lines('port in use, waiting'), []);
  });

  test('S101: a foreign program keeps the port -> it says that it waits, then why it did not start', async (t) => {
    const busy = net.createServer().listen(0, '127.0.0.1');
    t.after(() => void busy.close());
    await once(busy, 'listening');
    const address = busy.address();
    assert.ok(typeof address === 'object' && address !== null);
    const service = startService(t, { options: { listen: { port: address.port, timeoutMs: 300 } } });
    await assertRefused(service, /the port is in use; .*; it did not become free within 300 ms/);
    assert.equal(service.lines('port in use, waiting').length, 1);
  });

  test('S29: an unknown host -> one clear error, before any fork', async (t) => {
    const service = startService(t, { options: { listen: { host: 'no-such-host.invalid' } } });
    await assertRefused(service, /cannot listen on no-such-host\.invalid:0: the host name is unknown/);
  });

  test('S29: an address of another machine -> one clear error, before any fork', async (t) => {
    // An address of TEST-NET-1, which no machine has: RFC 5737.
    const service = startService(t, { options: { listen: { host: '192.0.2.1' } } });
    await assertRefused(service, /cannot listen on 192\.0\.2\.1:0: this machine has no such address/);
  });

  test('S29: a port that needs privileges -> one clear error, before any fork', async (t) => {
    // Root may use every port, so the service runs as the user `nobody`.
    const service = startService(t, {
      options: { listen: { port: 81 } },
      ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
    });
    await assertRefused(service, /cannot listen on 127\.0\.0\.1:81: this user may not use the port/);
  });

  test('S37: ten workers that boot slowly, together for longer than boot.timeoutMs -> all become ready', async (t) => {
    const service = startService(t, {
      fixture: 'fickle.js',
      env: { BEHAVIOUR_1: 'slow' },
      options: { workers: 10, boot: { timeoutMs: 15_000 } },
    });
    await service.seen('all workers ready');
    const bootMs = service.lines('worker ready').map((line) => Number(line['bootMs']));
    assert.equal(bootMs.length, 10);
    assert.ok(bootMs.reduce((sum, ms) => sum + ms) > 15_000);
    assert.deepEqual(service.lines('worker killed'), []);
  });

  test('S37: no more workers boot at a time than boot.concurrency', async (t) => {
    const service = await startReadyService(t, { options: { workers: 3, boot: { concurrency: 1 } } });
    const messages = service.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('worker '));
    const one = ['worker forked', 'worker ready'];
    assert.deepEqual(messages, [...one, ...one, ...one]);
  });
});

async function assertRefused(service: ReturnType<typeof startService>, message: RegExp): Promise<void> {
  assert.equal((await service.ended).code, 1);
  assert.match(service.stderr, message);
  assert.match(service.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
  assert.deepEqual(service.lines('worker forked'), []);
}
