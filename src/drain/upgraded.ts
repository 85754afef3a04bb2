// Tells when only upgraded connections are left: their clients have switched to another protocol, such as WebSocket, or tunnel
// (CONNECT). The drain cannot end these; the app can, in its preClose hooks.
import type net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Connections } from './connections.ts';
import { isUpgraded } from './http1.ts';
import type { WebSockets } from './web-sockets.ts';

/** The interval between two looks at what is left. */
const CHECK_MS = 50;

/**
 * Settles when no connection is left but upgraded ones, and none of them is a WebSocket that the drain itself is about to close;
 * also when the signal aborts. Never rejects.
 */
export async function untilUpgraded(
  connections: Connections,
  webSockets: Pick<WebSockets, 'areClosed'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { all } = connections;
    if (all.length === 0 || (webSockets.areClosed && areUpgraded(all))) return;
    await setTimeout(CHECK_MS);
  }
}

/**
 * Nothing of HTTP is under way, and nothing can follow. A response is not upgraded, however long it takes; neither is a request to
 * upgrade that the app has not answered yet.
 */
export function areUpgraded(sockets: readonly net.Socket[]): boolean {
  // Over TLS an upgraded connection has two sockets: the one that was accepted carries the other.
  const carriers = new Set(sockets.filter(isUpgraded).map((socket) => Reflect.get(socket, '_parent')));
  return sockets.every((socket) => isUpgraded(socket) || carriers.has(socket));
}
