// Explains why an endpoint cannot be listened on, and what the operator can change.
import { ListenError } from '../../errors.ts';
import { formatEndpoint } from '../../net/endpoint.ts';
import type { Endpoint } from '../../net/endpoint.ts';

/**
 * @param cause the system's error
 * @param waitedMs for how long it was tried before
 */
export function listenError(endpoint: Endpoint, cause: unknown, waitedMs = 0): Error {
  const why = cause instanceof Error ? explain(endpoint, cause) : String(cause);
  const waited = waitedMs === 0 ? '' : `; it did not become free within ${waitedMs} ms (listen.timeoutMs)`;
  return new ListenError(formatEndpoint(endpoint), `${why}${waited}`, { cause });
}

/** The code of the system's error that a {@link listenError} was made of. */
export function systemCodeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(Object(error.cause), 'code') : undefined;
}

function explain(endpoint: Endpoint, error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  return endpoint.type === 'unix' ? explainPath(code, error.message) : explainPort(code, error.message);
}

function explainPath(code: unknown, message: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process listens there; stop it, or choose another path (listen.path)';
    case 'EEXIST':
      return 'there is a file that is no socket; remove it, or choose another path (listen.path)';
    case 'ENOENT':
    case 'ENOTDIR':
      return 'its directory does not exist; make it, or choose another path (listen.path)';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write to its directory, or not connect to the socket that is there (listen.path)';
    case 'EROFS':
      return 'its directory is read-only; choose another path (listen.path)';
    default:
      return message;
  }
}

function explainPort(code: unknown, message: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use; stop what listens there, or choose another one (listen.port, PORT)';
    case 'EACCES':
      return 'this user may not use the port; choose one above 1023, or grant CAP_NET_BIND_SERVICE';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is unknown (listen.host, FASTIFY_ADDRESS)';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address (listen.host, FASTIFY_ADDRESS)';
    default:
      return message;
  }
}
