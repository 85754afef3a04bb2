// Real containers, on every supported version of Node.js: signals, exit codes, hardening, limits.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canHaveContainers, json, startReadyContainer } from '../helpers/container.ts';
import { buildImage, createImage } from '../helpers/image.ts';
import type { Container } from '../helpers/container.ts';
import { compose, deployment } from '../helpers/deploy-files.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import type { Loads } from '../helpers/loads.ts';
import { runtimes } from '../helpers/runtimes.ts';
import { GENEROUS } from '../helpers/times.ts';

const CLIENTS = 6;
const ROUNDS = 20;

/** As deploy/compose.yaml has it, and with no file system for temporary files either. */
function hardened(): readonly string[] {
  const { read_only, cap_drop, security_opt } = compose().service;
  assert.equal(read_only, true);
  return [
    ['--read-only', '--read-only-tmpfs=false'],
    cap_drop.flatMap((capability) => ['--cap-drop', capability]),
    security_opt.flatMap((option) => ['--security-opt', option]),
  ].flat();
}

suite('containers', { concurrency: false }, () => {
  test('S55: an image that deploy/Dockerfile builds -> Node.js is PID 1, and not root; SIGUSR2 rolls, and a stop ends with 0', async (t) => {
    if (!canHaveContainers(t)) return;
    const image = await buildImage(t);
    const container = await startReadyContainer(t, { image, options: { workers: 2, rollout: GENEROUS } });
    const { service } = container;
    assert.equal(service.lines('all workers ready')[0]?.['pid'], 1);
    assert.deepEqual(JSON.parse(await inside(container, SEEN)), {
      user: 1000,
      files: ['.dockerignore', 'Dockerfile', 'main.js', 'package-lock.json', 'package.json'],
    });
    assert.equal((await container.get('/')).status, 200);
    await container.podman('kill', '--signal', 'USR2');
    await service.seen('rollout completed');
    await container.podman('stop');
    assert.equal((await service.ended).code, 0, service.story());
  });

  test('S55: started as deploy/kubernetes has it -> its probes answer; after SIGTERM it is not ready, serves for the delay, and exits with 0', async (t) => {
    if (!canHaveContainers(t)) return;
    const { env, container: pod } = deployment();
    const container = await startReadyContainer(t, {
      image: createImage(t, process.execPath),
      env: Object.fromEntries(env),
      flags: hardened(),
    });
    const { service, origin } = container;
    const probe = async (kind: 'startupProbe' | 'readinessProbe' | 'livenessProbe'): Promise<number> => {
      const { status } = await fetch(
        `http://${origin.host}:${env.get('FASTIFY_CLUSTERED_HEALTH_PORT')}${pod[kind].httpGet.path}`,
      );
      return status;
    };
    assert.deepEqual(
      [await probe('startupProbe'), await probe('readinessProbe'), await probe('livenessProbe')],
      [200, 200, 200],
    );
    const reports = await loaded(container, async (loads) => {
      await container.podman('kill', '--signal', 'TERM');
      while ((await probe('readinessProbe')) !== 503) await setTimeout(20);
      assert.equal(await probe('livenessProbe'), 200);
      await loads.more(CLIENTS);
    });
    for (const report of reports) assertNothingLost(report);
    assert.equal((await service.ended).code, 0, service.story());
  });

  for (const { version, path: node } of runtimes()) {
    test(`S55: podman kill -s USR2 and podman stop under load, on Node ${version} -> a rollout, 0 lost; exit 0 within the grace`, async (t) => {
      if (!canHaveContainers(t)) return;
      const options = { workers: 2, rollout: GENEROUS };
      const container = await startReadyContainer(t, { image: createImage(t, node), options });
      const { service } = container;
      const rolled = await loaded(container, async (loads) => {
        await container.podman('kill', '--signal', 'USR2');
        await service.seen('rollout completed');
        await service.drained();
        await loads.more(ROUNDS * CLIENTS);
      });
      for (const report of rolled) assertNothingLost(report);
      const stopped = await loaded(container, async () => {
        await container.podman('stop');
      });
      // Killed at the end of the grace it would be 137.
      assert.equal((await service.ended).code, 0, service.story());
      // A connection after the end is refused or, in the kernel's queue, reset: no worker had accepted it.
      for (const report of stopped) {
        const { lost, refused, reset } = report;
        assert.equal(lost, refused + reset, describeLosses(report));
        assert.ok(reset < CLIENTS, describeLosses(report));
      }
    });

    test(`S59: read-only root, user that is not root, no /tmp, no capabilities, on Node ${version} -> respawns, rolls, stops`, async (t) => {
      if (!canHaveContainers(t)) return;
      const options = { workers: 2, rollout: GENEROUS };
      const container = await startReadyContainer(t, {
        image: createImage(t, node),
        options,
        flags: hardened(),
      });
      const { service } = container;
      assert.deepEqual(await confinement(container), {
        user: 1000,
        written: 'EROFS',
        tmp: false,
        capabilities: 0,
      });
      assert.equal(service.lines('all workers ready')[0]?.['pid'], 1);
      const crashed = service.next('worker crashed');
      const { pid } = await json<{ pid: number }>(container, '/');
      await inside(container, `process.kill(${pid}, 'SIGKILL')`);
      assert.equal((await crashed).worker?.pid, pid);
      await service.seen('worker ready', { count: 3 });
      const reports = await loaded(container, async (loads) => {
        await container.podman('kill', '--signal', 'USR2');
        await service.seen('rollout completed');
        await service.drained();
        await loads.more(ROUNDS * CLIENTS);
      });
      for (const report of reports) assertNothingLost(report);
      await container.podman('stop');
      assert.equal((await service.ended).code, 0, service.story());
      assert.equal(service.stderr, '');
    });
  }
});

const SEEN = `console.log(JSON.stringify({ user: process.getuid(), files: fs.readdirSync('.').sort() }));`;

/** What the container is not allowed, as a process in it finds out. */
async function confinement(container: Container): Promise<unknown> {
  const output = await inside(
    container,
    `const fs = require('node:fs');
     let written = 'yes';
     try { fs.writeFileSync('/app/file', ''); } catch ({ code }) { written = code; }
     const capabilities = /CapBnd:\\s*(\\w+)/.exec(fs.readFileSync('/proc/1/status', 'utf8'))[1];
     console.log(JSON.stringify({
       user: process.getuid(), written, tmp: fs.existsSync('/tmp'), capabilities: parseInt(capabilities, 16),
     }));`,
  );
  return JSON.parse(output);
}

/** Runs a script in the container, and resolves with what it prints. */
function inside(container: Container, script: string): Promise<string> {
  return container.exec('node', '--eval', script);
}

/** Acts while clients on kept-alive and on fresh connections use the container. */
async function loaded(
  { origin }: Container,
  act: (loads: Loads) => Promise<void>,
): Promise<Awaited<ReturnType<Loads['stop']>>> {
  const load = { origin, clients: CLIENTS, thinkMs: 5 };
  const loads = startLoads({ ...load, connections: 'kept-alive' }, { ...load, connections: 'fresh' });
  try {
    await loads.more(ROUNDS * CLIENTS);
    await act(loads);
    return await loads.stop();
  } finally {
    await loads.stop();
  }
}
