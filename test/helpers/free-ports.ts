// Finds ports for servers that a test does not open itself.
import { once } from 'node:events';
import net from 'node:net';

const HOST = '127.0.0.1';

/** It was free a moment ago, and the kernel gives it to nobody else soon. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** The same, of neighbours. */
export async function freePorts(count: number): Promise<readonly number[]> {
  for (;;) {
    const servers: net.Server[] = [];
    try {
      for (let index = 0; index < count; index += 1) {
        const server = net.createServer();
        const [first] = servers;
        server.listen(first === undefined ? 0 : portOf(first) + index, HOST);
        await once(server, 'listening');
        servers.push(server);
      }
      return servers.map((server) => portOf(server));
    } catch {
      // A neighbour is taken.
    } finally {
      for (const server of servers) server.close();
    }
  }
}

function portOf(server: net.Server): number {
  return Number(Reflect.get(Object(server.address()), 'port'));
}
