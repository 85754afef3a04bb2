// Answers probes by HTTP, in the process that knows the status: the primary, or a single process. Waits for nobody.
import { once } from 'node:events';
import http from 'node:http';
import type { ListenOptions } from 'node:net';
import { ListenError } from '../errors.ts';
import { formatEndpoint, tcp } from '../net/endpoint.ts';
import type { Address } from '../net/endpoint.ts';
import { removeStaleSocket } from '../net/unix-socket.ts';
import type { Settings } from '../options/index.ts';
import { PROBES } from './probes.ts';
import type { Health, Silence } from './probes.ts';

type Where = Exclude<Settings['health'], false>;

export interface ProbeServer {
  /** Where it listens, by the system's answer. */
  readonly address: Address | { readonly path: string };
  /** Ends at once, with every connection. May be called twice. */
  close(): void;
}

/** More than any orchestrator has at a time. What comes beyond is closed at once: probes must not cost the primary its descriptors. */
const MAX_CONNECTIONS = 64;

/** How long a client may take for its request, in ms. It is a line or two, from nearby. */
const REQUEST_MS = 5_000;

/**
 * Neither the server nor a connection keeps the process alive.
 * @throws FST_CLUSTERED_LISTEN_FAILED
 */
export async function openProbes(where: Where, health: () => Health, silence: Silence): Promise<ProbeServer> {
  const server = http.createServer(
    {
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8_192,
    },
    (request, response) => respond(request, response, health(), silence),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => socket.unref());
  server.unref();
  await listen(server, where);
  // A connection that cannot be accepted, as where descriptors have run out, is no reason to end the service.
  server.on('error', () => undefined);
  return {
    address: addressOf(server, where),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: http.Server, where: Where): Promise<void> {
  try {
    if (where.path !== null) await removeStaleSocket(where.path);
    await listenOn(server, optionsOf(where)).catch((error: unknown) => {
      if (where.path !== null || where.host !== '::' || codeOf(error) !== 'EAFNOSUPPORT') throw error;
      return listenOn(server, { ...optionsOf(where), host: '0.0.0.0' });
    });
  } catch (error) {
    const place = where.path ?? formatEndpoint(tcp(where));
    throw new ListenError(place, explain(error), { cause: error });
  }
}

function optionsOf({ path, host, port }: Where): ListenOptions {
  // A single process may be a cluster worker of somebody else, whose primary must not listen in its place.
  return path === null
    ? { host, port, exclusive: true }
    : { path, readableAll: true, writableAll: true, exclusive: true };
}

async function listenOn(server: http.Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}

function explain(error: unknown): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return 'another process listens there; stop it, or choose another place for the probes (health.port, health.path)';
    case 'EACCES':
      return 'this user may not listen there; choose another place for the probes (health.port, health.path)';
    default:
      return `${error instanceof Error ? error.message : String(error)} (health.port, health.host, health.path)`;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function addressOf(server: http.Server, { path }: Where): ProbeServer['address'] {
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) return { path: path ?? '' };
  return { host: bound.address, port: bound.port };
}

function respond(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  health: Health,
  silence: Silence,
): void {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const probe = PROBES.get(path);
  if (probe === undefined) return send(response, 404, { status: 'unknown', probes: [...PROBES.keys()] });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(response, 405, { status: 'unknown', allowed: ['GET', 'HEAD'] });
  }
  const { code, body } = probe(health, silence);
  send(response, code, body);
}

/** Each connection has one answer, so that none is open when the service ends. */
function send(response: http.ServerResponse, code: number, body: object): void {
  const json = JSON.stringify(body);
  response.writeHead(code, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(json),
    'cache-control': 'no-store',
    connection: 'close',
  });
  // Node leaves the body of an answer to HEAD out.
  response.end(json);
}
