// Holds listening sockets and hands them over to a service, as systemd's socket activation does: sd_listen_fds(3).
import assert from 'node:assert/strict';
import { tcp } from '../../src/net/endpoint.ts';
import { listenForOthers } from '../../src/net/listen-on-handle.ts';
import { bindPath, bindSocket } from '../../src/primary/sockets/bound-socket.ts';
import type { Origin } from './load-client.ts';
import type { ServiceOptions } from './service.ts';

export interface Handed {
  /** Undefined: a free port of 127.0.0.1. */
  readonly path?: string;
  /** By default that of a unit, as systemd gives it. */
  readonly name?: string;
}

export interface SocketHolder {
  readonly origins: readonly Origin[];
  /** What starts a service with them; for one after another. */
  readonly handOver: ServiceOptions;
}

const BACKLOG = 4_096;

/** They listen, and nobody accepts but the service, as systemd does not either once that is started. */
export function holdSockets(
  t: { after(hook: () => void): void },
  ...handed: readonly Handed[]
): SocketHolder {
  const held = handed.map(({ path }) => {
    if (path !== undefined) return { ...bindPath(path), origin: { path } };
    const { endpoint, fd, close } = bindSocket(tcp({ host: '127.0.0.1', port: 0 }));
    return { fd, close, origin: { host: endpoint.host, port: endpoint.port } };
  });
  for (const { fd } of held) assert.equal(listenForOthers(fd, BACKLOG), 0);
  t.after(() => {
    for (const { close } of held) close();
  });
  return {
    origins: held.map(({ origin }) => origin),
    handOver: {
      descriptors: held.map(({ fd }) => fd),
      // The pid is that of the process which the shell becomes.
      command: (direct) => ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...direct],
      env: {
        LISTEN_FDS: String(held.length),
        LISTEN_FDNAMES: handed.map(({ name = 'app.socket' }) => name).join(':'),
      },
    },
  };
}
