// Tells HTTP/1.1 clients that the connection ends: `Connection: close` on the last response known, and on no other.
import type { ServerResponse } from 'node:http';
import { isInFlight } from './connections.ts';
import type { Connections } from './connections.ts';

/** From now on. Every request is still answered (RFC 9112, section 9.6). */
export function sayFarewell(connections: Connections): void {
  const marked = new WeakSet<ServerResponse>();
  const mark = (response: ServerResponse): void => {
    // What the client does not want kept alive, or what is sent already, needs no mark.
    if (!response.shouldKeepAlive || response.headersSent) return;
    marked.add(response);
    response.shouldKeepAlive = false;
  };
  connections.onRequest((connection, before) => {
    // One more, pipelined: were the one before it the last, Node would drop this one.
    if (before !== null && marked.has(before) && !before.headersSent) before.shouldKeepAlive = true;
    if (connection.last !== null) mark(connection.last);
  });
  for (const { last } of connections.all) if (last !== null && isInFlight(last)) mark(last);
}
