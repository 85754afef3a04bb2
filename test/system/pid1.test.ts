// As PID 1 of a namespace of its own, as in a container: signals, exit codes, warnings; and with little of a system around it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import process from 'node:process';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from '../helpers/installed.ts';
import type { Message } from '../helpers/messages.ts';
import { startReadyService, startService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { HUMAN_PAUSE_MS, QUICK } from '../helpers/times.ts';

const NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;

const asPid1: Pick<ServiceOptions, 'command'> = { command: (direct) => [...NAMESPACE, ...direct] };

/** Below a shell that waits for it, as the shell form of a Dockerfile's CMD does. The second command keeps the shell from becoming node. */
const belowShell: Pick<ServiceOptions, 'command'> = {
  command: (direct) => [...NAMESPACE, 'sh', '-c', `${direct.map((word) => `'${word}'`).join(' ')}; exit $?`],
};

/** It fails as user, and where namespaces are forbidden. */
const canUnshare = spawnSync('unshare', [...NAMESPACE.slice(1), 'true']).status === 0;
if (!canUnshare && process.env['CI'] === 'true') throw new Error('it needs root, and util-linux');

suite('PID 1', { skip: canUnshare ? false : 'needs root, and util-linux' }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`S80: ${signal} to PID 1 -> requests are answered, exit 0`, async (t) => {
      const service = await startReadyService(t, asPid1);
      const slow = service.get('/slow?ms=1000');
      await service.get('/');
      process.kill(inside(service), signal);
      assert.equal((await slow).status, 200);
      assert.equal((await service.ended).code, 0);
    });
  }

  test('S80: SIGUSR2 to PID 1 -> a rollout', async (t) => {
    const service = await startReadyService(t, { ...asPid1, options: { rollout: QUICK } });
    const completed = service.next('rollout completed');
    process.kill(inside(service), 'SIGUSR2');
    await completed;
    assert.equal((await service.get('/')).status, 200);
    assert.equal(service.lines('rollout started').length, 1);
  });

  test('S80: a second SIGTERM forces the end of PID 1, exit 1', async (t) => {
    const service = await startReadyService(t, { ...asPid1, options: { shutdown: { graceMs: 60_000 } } });
    const held = service.get('/slow?ms=60000').catch((error: NodeJS.ErrnoException) => error.code);
    await service.get('/');
    const pid = inside(service);
    const stopping = service.next('stopping');
    process.kill(pid, 'SIGTERM');
    await stopping;
    await setTimeout(HUMAN_PAUSE_MS);
    process.kill(pid, 'SIGTERM');
    assert.equal(await held, 'ECONNRESET');
    assert.equal((await service.ended).code, 1);
  });

  test('S80: a boot that fails -> exit 1', async (t) => {
    const service = startService(t, { ...asPid1, fixture: 'fickle.js', env: { BEHAVIOUR_1: 'throw' } });
    assert.equal((await service.ended).code, 1);
  });

  test('S80: PID 1 on a loopback address -> a warning; on every address -> none', async (t) => {
    const lone = await startReadyService(t, asPid1);
    assert.deepEqual(warnings(lone), ['only reachable inside the container']);
    assert.match(
      String(lone.lines('only reachable inside the container')[0]?.['explanation']),
      /FASTIFY_ADDRESS/,
    );
    const open = await startReadyService(t, { ...asPid1, options: { listen: { host: '0.0.0.0' } } });
    assert.deepEqual(warnings(open), []);
  });

  test('S80: below a shell as PID 1 -> a warning that signals may not arrive', async (t) => {
    const service = await startReadyService(t, { ...belowShell, options: { listen: { host: '0.0.0.0' } } });
    assert.deepEqual(warnings(service), ['signals may not arrive']);
    assert.match(String(service.lines('signals may not arrive')[0]?.['command']), /^sh -c /);
  });

  test('S80: not as PID 1, on a loopback address -> no warning', async (t) => {
    assert.deepEqual(warnings(await startReadyService(t)), []);
  });

  test('S80: a worker leaves an orphan behind, which ends -> PID 1 warns of a zombie, once', async (t) => {
    const service = await startReadyService(t, {
      ...asPid1,
      fixture: 'orphans.js',
      options: { listen: { host: '0.0.0.0' }, rollout: QUICK },
    });
    await service.rollOut();
    assert.deepEqual(warnings(service), []);
    assert.equal((await service.get('/orphan')).status, 200);
    // Two looks have to see it, a second apart, and each rollout makes two of them.
    for (let rollout = 1; rollout <= 10 && warnings(service).length === 0; rollout += 1) {
      await service.rollOut();
      await service.drained();
    }
    await service.rollOut();
    assert.deepEqual(warnings(service), ['zombies not reaped']);
    const [line] = service.lines('zombies not reaped');
    assert.deepEqual(
      Object(line?.['zombies']).map(({ name }: { name: string }) => name),
      ['sleep'],
    );
    assert.equal(await stopped(service), 0);
  });
});

suite('a bare container', { skip: canUnshare ? false : 'needs root, and util-linux' }, () => {
  /** Everything is read-only, also for root; /tmp has nothing but the way to the project; then all capabilities are dropped. */
  const PREPARE = [
    'mount --bind "$0" /mnt',
    'mount -t tmpfs tmpfs /tmp',
    'mkdir -p "$0"',
    'mount --move /mnt "$0"',
    'mount -o remount,ro,bind "$0"',
    'mount -o remount,ro /tmp',
    'mount -o remount,ro,bind /',
    'for folder in "$0" /tmp /; do if touch "$folder/written" 2> /dev/null; then exit 99; fi; done',
    'cd "$0"',
    'exec setpriv --reuid=12345 --regid=12345 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"',
  ];

  const bare: ServiceOptions = {
    options: { listen: { host: '0.0.0.0' }, rollout: QUICK },
    command: (direct) => [
      'unshare',
      '--mount',
      ...NAMESPACE.slice(1),
      'sh',
      '-ec',
      PREPARE.join('; '),
      ROOT.replace(/\/$/, ''),
      ...direct,
    ],
  };

  test('S59: read-only, as nobody, without capabilities, HOME and TMPDIR that do not exist -> serves, rolls, exit 0', async (t) => {
    const service = await startReadyService(t, {
      ...bare,
      env: { HOME: '/nonexistent', TMPDIR: '/nonexistent', TMP: undefined, TEMP: undefined },
    });
    assert.equal((await service.get('/')).status, 200);
    await service.rollOut();
    assert.equal((await service.get('/')).status, 200);
    assert.deepEqual(warnings(service), []);
    assert.match(fs.readFileSync(`/proc/${inside(service)}/status`, 'utf8'), /^CapEff:\t0+$/m);
    assert.equal(await stopped(service), 0);
  });

  test('S59: a socket of probes where nothing can be written -> one clear error, exit 1', async (t) => {
    const service = startService(t, {
      ...bare,
      options: { ...bare.options, health: { path: '/run/probes.sock' } },
    });
    assert.equal((await service.ended).code, 1);
    assert.match(service.stderr, /FST_CLUSTERED_LISTEN_FAILED/);
    assert.match(service.stderr, /cannot listen on \/run\/probes\.sock: .*health\.path/);
    assert.deepEqual(service.lines('worker forked'), []);
  });
});

/** The pid of the primary, as it is seen from outside of its namespace: the only child of unshare. */
function inside(service: Service): number {
  const children = fs.readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8');
  const [pid] = children.trim().split(' ');
  assert.ok(pid);
  return Number(pid);
}

async function stopped(service: Service): Promise<number | null> {
  process.kill(inside(service), 'SIGTERM');
  return (await service.ended).code;
}

function warnings(service: Service): readonly Message[] {
  const all = [
    'only reachable inside the container',
    'signals may not arrive',
    'zombies not reaped',
    'grace period too short',
  ] as const;
  return all.flatMap((message) => service.lines(message).map(() => message));
}
