// Serves the control socket until everything has ended: who connects, who hears of events, and the end of it.
import type net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { toErrorInfo, withoutProperties } from '../protocol/error-info.ts';
import { Connection } from './connection.ts';
import type { ControlTarget } from './target.ts';

/** Node closes further ones at once. */
const MAX_CONNECTIONS = 64;

/** How long the last answers may take, in ms: a client that does not read must not delay the end. */
const LAST_ANSWERS_MS = 500;

/**
 * The file of the socket is gone as soon as the target has stopped: libuv removes it. Settles when the clients have their last
 * answers, or the time for that is over. Never rejects.
 */
export async function serveControl(server: net.Server, target: ControlTarget): Promise<void> {
  const connections = new Set<Connection>();
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    const connection = new Connection(socket, target);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  // accept() fails where descriptors run out: that must not harm the service.
  server.on('error', () => undefined);
  target.follow((event, details) => {
    if (connections.size === 0) return;
    const plain = plainDetails(details);
    for (const connection of connections) connection.tell(event, plain);
  });
  await target.stopped;
  server.close();
  await Promise.race([
    Promise.all([...connections].map((connection) => connection.close())),
    setTimeout(LAST_ANSWERS_MS, undefined, { ref: false }),
  ]);
  // Clients that keep their side open do not keep ours open. What was sent can still be read.
  for (const connection of connections) connection.destroy();
}

/** Errors as data, without their properties, as in the status. */
function plainDetails(details: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      value instanceof Error ? withoutProperties(toErrorInfo(value)) : value,
    ]),
  );
}
