// Closes an HTTP/1.1 connection in stages, so that no response that is still on its way is cut by a reset.
import type net from 'node:net';

/** How long a client may take to close its side, in ms. */
const LINGER_MS = 1_000;

/**
 * RFC 9112, section 9.6: first the writing side, then, when the client has closed its own, the rest. To close both at
 * once would make the kernel answer whatever still comes, such as a pipelined request, with a reset, and throw away what
 * the client has not received yet.
 */
export function closeInStages(socket: net.Socket): void {
  if (socket.destroyed || socket.writableEnded) return;
  // A request that comes now cannot be answered, so it must not reach the app. But it has to be read.
  socket.removeAllListeners('data');
  socket.on('data', () => undefined).resume();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
