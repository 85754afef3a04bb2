// Only one service may use a port with SO_REUSEPORT: the system would let any other one of the same user join in, without a word.
//
// The lock is an abstract Unix socket (unix(7)). It exists where the port does, in one network namespace, and ends with the process.
import { once } from 'node:events';
import net from 'node:net';
import { formatEndpoint } from '../../net/endpoint.ts';
import type { TcpEndpoint } from '../../net/endpoint.ts';

/** @throws the system's error: EADDRINUSE if another service has the lock */
export async function lockPort(endpoint: TcpEndpoint): Promise<() => void> {
  const server = net.createServer((socket) => socket.destroy());
  server.listen(`\0fastify-clustered/${formatEndpoint(endpoint)}`);
  await once(server, 'listening');
  // It keeps no process alive.
  server.unref();
  return () => void server.close();
}
