// Finds a free port for a contender. Not port 0: node:cluster would listen on another one after all workers have exited.
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
const LOWEST = 10_000;

/**
 * Below the ports that the kernel gives to clients: while no process listens, a client that is given the same port that
 * it connects to would connect to itself.
 */
export async function freePort(): Promise<number> {
  const [range = ''] = fs.readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t');
  const above = Number(range);
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (above - LOWEST));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
