// HAProxy in front, which speaks HTTP/2 with the service: rollouts under load.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { startReadyService } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';
import { hasTool } from '../helpers/tools.ts';

const CLIENTS = 12;
const ROUNDS = 40;

suite('HAProxy', () => {
  test('S96: an upstream of HTTP/2, two rollouts under load -> 0 lost', async (t) => {
    if (!hasTool(t, 'haproxy', 'haproxy')) return;
    const service = await startReadyService(t, { fixture: 'http2.js', options: { rollout: GENEROUS } });
    const port = await startHaproxy(t, await service.port());
    const load = { origin: { host: '127.0.0.1', port }, clients: CLIENTS };
    const loads = startLoads({ ...load, connections: 'kept-alive' }, { ...load, connections: 'fresh' });
    try {
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await loads.more(ROUNDS * CLIENTS);
        await service.rollOut();
        await service.drained();
      }
      await loads.more(ROUNDS * CLIENTS);
      for (const report of await loads.stop()) assertNothingLost(report);
    } finally {
      await loads.stop();
    }
  });
});

/** Resolves with the port that it listens on. */
async function startHaproxy(t: TestContext, upstream: number): Promise<number> {
  const port = await freePort();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'haproxy.cfg');
  fs.writeFileSync(file, configuration(port, upstream));
  const haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const output: string[] = [];
  haproxy.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const ended = once(haproxy, 'exit');
  t.after(async () => {
    haproxy.kill('SIGKILL');
    await ended;
  });
  while (!(await accepts(port))) assert.equal(haproxy.exitCode, null, output.join(''));
  return port;
}

/** What a user would write. */
function configuration(port: number, upstream: number): string {
  return `
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend public
  bind 127.0.0.1:${port}
  default_backend service
backend service
  server service 127.0.0.1:${upstream} proto h2
`;
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

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
