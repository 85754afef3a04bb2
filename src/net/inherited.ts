// Takes over a socket that this process was started with, and finds out where it is bound.
import fs from 'node:fs';
import { attempt } from '../attempt.ts';
import { ListenError } from '../errors.ts';
import { tcp } from './endpoint.ts';
import type { InheritedEndpoint, TcpEndpoint, UnixEndpoint } from './endpoint.ts';
import { adopt } from './listen-on-handle.ts';
import type { SocketHandle } from './listen-on-handle.ts';

export interface InheritedSocket {
  readonly endpoint: InheritedEndpoint;
  readonly handle: SocketHandle;
}

/** @throws FST_CLUSTERED_LISTEN_FAILED: there is no such descriptor, or one cannot listen on it */
export function inherit(fd: number): InheritedSocket {
  try {
    if (!fs.fstatSync(fd).isSocket()) throw new Error(NO_SOCKET);
    const handle = streamSocket(fd);
    if (handle.getpeername?.({}) === 0) throw new Error(CONNECTION);
    return { endpoint: { type: 'inherited', fd, bound: boundTcp(handle) ?? boundUnix(fd) }, handle };
  } catch (error) {
    throw new ListenError(`descriptor ${fd}`, explain(error), { cause: error });
  }
}

const NO_SOCKET = 'it is no socket; hand over one that listens (listen.fd, LISTEN_FDS)';

const CONNECTION =
  'it is a connection, and no socket that listens; with systemd, the socket unit must say Accept=no, which is the default';

const NO_STREAM =
  'it is no stream socket; with systemd, the socket unit must say ListenStream=, as HTTP has no use for datagrams';

const IN_USE =
  'this process uses it already, for its channel to the process that has started it, for example';

function streamSocket(fd: number): SocketHandle {
  try {
    return adopt(fd);
  } catch (error) {
    const isOfOtherType = error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_FD_TYPE';
    throw new Error(isOfOtherType ? NO_STREAM : IN_USE, { cause: error });
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isMissing = 'code' in error && error.code === 'EBADF';
  return isMissing ? 'this process was started without it (listen.fd, LISTEN_FDS)' : error.message;
}

function boundTcp(handle: SocketHandle): TcpEndpoint | null {
  const bound: { address?: string; port?: number } = {};
  if (handle.getsockname === undefined || handle.getsockname(bound) !== 0) return null;
  const { address: host, port } = bound;
  return host === undefined || port === undefined ? null : tcp({ host, port });
}

/** Node does not tell where a Unix socket is bound; Linux has a table of them: proc(5). */
function boundUnix(fd: number): UnixEndpoint | null {
  const row = attempt(() => {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
    const table = fs.readFileSync('/proc/self/net/unix', 'utf8');
    return inode && new RegExp(`^(?:\\S+ +){5}(\\d+) +${inode}(?: (.+))?$`, 'm').exec(table);
  });
  if (!row) return null;
  const [, state, path] = row;
  if (state === CONNECTED) throw new Error(CONNECTION);
  return path === undefined ? null : { type: 'unix', path };
}

/** SS_CONNECTED of Linux. */
const CONNECTED = '03';
