// Closes connections in stages, so that no response that is still on its way is cut by a reset.
import type net from 'node:net';

/** How long a client of HTTP/1.1 may take to close its side, in ms. */
const LINGER_MS = 1_000;

/** How long a client of HTTP/2 may be silent before it has closed its side, in ms. */
const SILENCE_MS = 5_000;

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

/**
 * The same for a connection of HTTP/2, whose writing side is closed already. While its client still reads what is on the way, it
 * sends frames that open the window: if the connection were closed meanwhile, the kernel would answer those with a reset.
 */
export function closeWhenSilent(socket: net.Socket): void {
  let { bytesRead } = socket;
  const timer = setInterval(() => {
    if (socket.bytesRead === bytesRead) socket.destroy();
    ({ bytesRead } = socket);
  }, SILENCE_MS);
  socket.once('close', () => clearInterval(timer));
}
