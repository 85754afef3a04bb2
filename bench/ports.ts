// Finds a free port for a contender. Not port 0: node:cluster would come back on another one when all workers are dead.
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
const LOWEST = 10_000;

/**
 * Below those that the kernel gives to clients: while nobody listens, a client that is given the very port it connects
 * to would be connected to itself.
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
