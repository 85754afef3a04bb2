// Proxies in front, which speak HTTP/2 with the service: rollouts under load.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../helpers/folder.ts';
import { freePort } from '../helpers/free-ports.ts';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { startReadyService } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';
import { hasTool } from '../helpers/tools.ts';

const CLIENTS = 12;
const ROUNDS = 40;

interface Proxy {
  readonly tool: string;
  readonly debianPackage: string;
  /** Its command line, without the file of its configuration. */
  readonly command: readonly [string, ...string[]];
  /** What a user would write; but it repeats nothing, so that losses show. */
  configuration(options: { folder: string; port: number; upstream: string; isSecure: boolean }): string;
}

const HAPROXY: Proxy = {
  tool: 'haproxy',
  debianPackage: 'haproxy',
  command: ['haproxy', '-db', '-f'],
  configuration: ({ port, upstream, isSecure }) => `
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  retries 0
frontend public
  bind 127.0.0.1:${port}
  default_backend service
backend service
  server service ${upstream} ${isSecure ? 'ssl verify none alpn h2' : 'proto h2'}
`,
};

/** The nginx of Debian 12 speaks HTTP/2 with an upstream by its gRPC module only, which takes any request. */
const NGINX: Proxy = {
  tool: 'nginx',
  debianPackage: 'nginx-light',
  command: ['nginx', '-e', 'stderr', '-c'],
  configuration: ({ folder, port, upstream, isSecure }) => `
daemon off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  upstream service {
    server ${upstream};
    keepalive ${CLIENTS};
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / {
      grpc_pass ${isSecure ? 'grpcs' : 'grpc'}://service;
      grpc_next_upstream off;
    }
  }
}
`,
};

suite('proxies that are clients of HTTP/2', { concurrency: false }, () => {
  for (const proxy of [HAPROXY, NGINX]) {
    for (const isSecure of [false, true]) {
      const how = isSecure ? 'over TLS' : 'cleartext';
      test(`S96: ${proxy.tool}, ${how}, two rollouts under load -> 0 lost, and no request comes twice`, async (t) => {
        if (!hasTool(t, proxy.tool, proxy.debianPackage)) return;
        const service = await startReadyService(t, {
          fixture: 'http2.js',
          env: isSecure ? { TLS: 'yes' } : {},
          options: { rollout: GENEROUS },
        });
        const port = await start(t, proxy, `127.0.0.1:${await service.port()}`, isSecure);
        const load = { origin: { host: '127.0.0.1', port }, clients: CLIENTS };
        const loads = startLoads({ ...load, connections: 'kept-alive' }, { ...load, connections: 'fresh' });
        for (let rollout = 1; rollout <= 2; rollout += 1) {
          await loads.more(ROUNDS * CLIENTS);
          await service.rollOut();
          await service.drained();
        }
        await loads.more(ROUNDS * CLIENTS);
        const reports = await loads.stop();
        for (const report of reports) assertNothingLost(report);
        assert.equal(await service.stop(), 0, service.story());
        const handled = service.lines('handled').reduce((sum, { count }) => sum + Number(count), 0);
        assert.equal(
          handled,
          reports.reduce((sum, { sent }) => sum + sent, 0),
        );
      });
    }
  }
});

/** Resolves with the port that it listens on. */
async function start(
  t: TestContext,
  { command: [program, ...args], configuration }: Proxy,
  upstream: string,
  isSecure: boolean,
): Promise<number> {
  const port = await freePort();
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'proxy.conf');
  fs.writeFileSync(file, configuration({ folder, port, upstream, isSecure }));
  const proxy = spawn(program, [...args, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const output: string[] = [];
  proxy.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const ended = once(proxy, 'exit');
  t.after(async () => {
    // The master process of nginx ends its workers.
    proxy.kill('SIGTERM');
    await ended;
  });
  while (!(await accepts(port))) assert.equal(proxy.exitCode, null, output.join(''));
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const result = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return result;
}
