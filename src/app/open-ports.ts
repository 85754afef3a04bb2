// Finds the servers that the app has opened beside its own, and to which clients are still connected.
import net from 'node:net';
import process from 'node:process';
import { attempt } from '../attempt.ts';

export interface OpenPort {
  readonly port: number;
  readonly connections: number;
}

/**
 * Only for an explanation: the list of what keeps the process alive is no public interface of Node, though all supported versions
 * have it. A server that waits for its connections is not in it any more, but each connection names its server.
 */
export function openPorts(own: net.Server): readonly OpenPort[] {
  const handles: unknown = attempt(() =>
    Reflect.apply(Reflect.get(process, '_getActiveHandles'), process, []),
  );
  const counts = new Map<number, number>();
  for (const socket of Array.isArray(handles) ? handles : []) {
    const server: unknown = Reflect.get(Object(socket), 'server');
    if (!(socket instanceof net.Socket && server instanceof net.Server) || server === own) continue;
    const { localPort } = socket;
    if (localPort !== undefined) counts.set(localPort, (counts.get(localPort) ?? 0) + 1);
  }
  return [...counts].map(([port, connections]) => ({ port, connections }));
}
