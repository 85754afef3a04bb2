// Two hosts behind HAProxy and behind nginx, with the configurations of deploy/: each instance is replaced in turn under load.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../helpers/free-ports.ts';
import { ROOT } from '../helpers/installed.ts';
import { assertNothingLost, describeLosses } from '../helpers/load-report.ts';
import type { LoadReport } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { killGroup } from '../helpers/process-group.ts';
import { canHaveHosts, createHost } from '../helpers/network-namespaces.ts';
import type { Host } from '../helpers/network-namespaces.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { hasTool } from '../helpers/tools.ts';

/** Of every instance, as each is on a host of its own. */
const PORT = 3000;
const CLIENTS = 8;
const ROUNDS = 10;

interface Balancer {
  readonly tool: string;
  readonly debianPackage: string;
  /** Resolves with the port that it listens on. */
  start(t: TestContext, upstreams: readonly string[]): Promise<number>;
  /** Those of clients that lose nothing by the balancer itself. */
  readonly connections: readonly ('kept-alive' | 'fresh')[];
}

const HAPROXY: Balancer = {
  tool: 'haproxy',
  debianPackage: 'haproxy',
  connections: ['kept-alive', 'fresh'],
  start: async (t, [one = '', two = '']) => {
    const port = await freePort();
    const file = configure(t, 'haproxy.cfg', [
      ['bind :80', `bind 127.0.0.1:${port}`],
      ['10.0.0.1:3000', one],
      ['10.0.0.2:3000', two],
      ['  stats socket /run/haproxy/admin.sock mode 660 level admin\n', ''],
      // So that losses show.
      ['retries 1\n  option redispatch 1\n  retry-on conn-failure', 'retries 0\n  retry-on none'],
    ]);
    run(t, 'haproxy', ['-db', '-f', file]);
    return port;
  },
};

const NGINX: Balancer = {
  tool: 'nginx',
  debianPackage: 'nginx-light',
  // A reload closes the idle connections of clients, and with them the request that a client sends at that moment.
  connections: ['fresh'],
  start: async (t, upstreams) => {
    const port = await freePort();
    const file = configure(t, 'nginx.conf', [
      ['user www-data;\n', `daemon off;\n`],
      ['listen 80;', `listen 127.0.0.1:${port};`],
      ['/etc/nginx/service-upstream.conf', 'service-upstream.conf'],
      ['/run/nginx.pid', 'nginx.pid'],
      // So that losses show.
      ['proxy_next_upstream error timeout;', 'proxy_next_upstream off;'],
      ['http {', 'http {\n  access_log off;'],
    ]);
    const folder = path.dirname(file);
    const upstreamFile = path.join(folder, 'service-upstream.conf');
    const command = ['-p', folder, '-e', path.join(folder, 'error.log'), '-c', file];
    run(t, path.join(ROOT, 'deploy/nginx-health-check'), [upstreamFile, ...upstreams], {
      PROBE_PORT: `${PORT}`,
      RELOAD: ['nginx', ...command, '-s', 'reload'].join(' '),
    });
    while (!fs.existsSync(upstreamFile)) await setTimeout(20);
    run(t, 'nginx', command);
    return port;
  },
};

/** shutdown.delayMs above fall x interval of the health checks, 2 s, as the page says. */
const DOCUMENTED = { shutdown: { delayMs: 5_000 } };

suite('load balancers', { concurrency: false }, () => {
  for (const balancer of [HAPROXY, NGINX]) {
    const { tool } = balancer;

    test(`S58: two instances behind ${tool}, each replaced in turn under load -> 0 lost`, async (t) => {
      if (!canHaveHosts(t) || !hasTool(t, tool, balancer.debianPackage)) return;
      for (const report of await replaceEach(t, balancer, DOCUMENTED)) {
        assertNothingLost(report);
        t.diagnostic(`${tool}, with shutdown.delayMs: ${describeLosses(report).split('\n')[0]}`);
      }
    });

    test(`S58: the same behind ${tool} without shutdown.delayMs -> what the balancer sends meanwhile is lost`, async (t) => {
      if (!canHaveHosts(t) || !hasTool(t, tool, balancer.debianPackage)) return;
      const reports = await replaceEach(t, balancer, {});
      for (const report of reports)
        t.diagnostic(`${tool}, without shutdown.delayMs: ${describeLosses(report).split('\n')[0]}`);
      // Until its second check has failed the balancer sends every other request to a closed port.
      assert.ok(reports.some(({ lost }) => lost > 0));
    });
  }
});

/** Replaces both instances, one after the other, as a deploy does: stop, start the new one, wait until it gets requests. */
async function replaceEach(
  t: TestContext,
  balancer: Balancer,
  options: object,
): Promise<readonly LoadReport[]> {
  const hosts = [createHost(t), createHost(t)];
  const services = await Promise.all(hosts.map((host) => startInstance(t, host, options)));
  const port = await balancer.start(
    t,
    hosts.map(({ address }) => `${address}:${PORT}`),
  );
  const origin = { host: '127.0.0.1', port };
  for (const service of services) await getsRequests(service, origin);
  const loads = startLoads(
    ...balancer.connections.map((connections) => ({ origin, connections, clients: CLIENTS, thinkMs: 20 })),
  );
  try {
    await loads.more(ROUNDS * CLIENTS);
    for (const [index, service] of services.entries()) {
      const host = hosts[index] ?? assert.fail();
      assert.equal(await service.stop(), 0, service.story());
      await getsRequests(await startInstance(t, host, options), origin);
    }
    await loads.more(ROUNDS * CLIENTS);
    return await loads.stop();
  } finally {
    await loads.stop();
  }
}

function startInstance(t: TestContext, host: Host, options: object): Promise<Service> {
  return startReadyService(t, {
    command: host.command,
    options: { ...options, listen: { host: '0.0.0.0', port: PORT } },
  });
}

/** Resolves when the balancer has sent the instance a request. */
async function getsRequests(service: Service, origin: { host: string; port: number }): Promise<void> {
  const pids = (await service.readyPids()).map(String);
  const url = `http://${origin.host}:${origin.port}/`;
  const deadline = AbortSignal.timeout(30_000);
  for (;;) {
    const response = await fetch(url, { signal: deadline, headers: { connection: 'close' } }).catch(
      (error: unknown) => {
        if (deadline.aborted) assert.fail('the balancer sends the instance no request');
        return error;
      },
    );
    if (response instanceof Response && pids.includes(response.headers.get('x-worker') ?? '')) return;
    await setTimeout(100);
  }
}

/** A configuration of deploy/, in a folder of its own, with what is different here. Each must be in there once. */
function configure(t: TestContext, name: string, changes: readonly (readonly [string, string])[]): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  let text = fs.readFileSync(path.join(ROOT, 'deploy', name), 'utf8');
  for (const [from, to] of changes) {
    assert.equal(text.split(from).length, 2, `deploy/${name} has ${JSON.stringify(from)} once`);
    text = text.replace(from, () => to);
  }
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
}

/** A program in the foreground, in a process group of its own, which ends with the test. */
function run(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): void {
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const ended = once(child, 'exit');
  let isOver = false;
  child.on('exit', () => {
    if (!isOver) t.diagnostic(`${program} ended by itself:\n${output.join('')}`);
  });
  t.after(async () => {
    isOver = true;
    if (child.pid !== undefined) killGroup(child.pid);
    await ended;
  });
}
