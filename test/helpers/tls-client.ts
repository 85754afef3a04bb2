// One HTTPS request on a connection of its own, with what the client learns of TLS, and what the worker says of it.
import { once } from 'node:events';
import tls from 'node:tls';
import { ResponseReader } from './response-reader.ts';
import type { Service } from './service.ts';

export interface TlsAnswer {
  readonly status: number;
  readonly body: string;
  /** To be resumed. */
  readonly session: Buffer;
  /** By what the client knows. */
  readonly reused: boolean;
  /** The serial number of the server's certificate. Null: a session was resumed, which comes without one. */
  readonly serial: string | null;
  readonly alpn: string | false | null;
}

/** What fixtures/tls.js answers at /tls. */
export interface Described {
  readonly pid: number;
  readonly reused: boolean;
  readonly authorized: boolean;
  readonly subject: string | null;
  readonly servername: string | false;
  readonly alpn: string | false | null;
}

/** Rejects if the connection ends, in whatever way, before there is a whole answer. */
export async function askTls(
  port: number,
  options: tls.ConnectionOptions = {},
  path = '/tls',
  method = 'GET',
): Promise<TlsAnswer> {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    rejectUnauthorized: false,
    ...options,
  });
  const reader = new ResponseReader(method, true);
  const known: { session?: Buffer; reused?: boolean; serial?: string } = {};
  socket.on('session', (session: Buffer) => (known.session = session));
  socket.once('secureConnect', () => {
    known.reused = socket.isSessionReused();
    known.serial = socket.getPeerCertificate().serialNumber;
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  });
  socket.on('data', (bytes: Buffer) => void reader.read(bytes));
  // An error rejects.
  await once(socket, 'close');
  const { session = options.session, reused, serial = null } = known;
  if (!reader.complete || session === undefined || reused === undefined)
    throw new Error('the connection ended before the answer was whole');
  return {
    status: reader.status,
    body: reader.body().toString(),
    session,
    reused,
    serial,
    alpn: socket.alpnProtocol,
  };
}

export function describedBy({ body }: TlsAnswer): Described {
  return JSON.parse(body);
}

/** Sessions with whichever worker answers. */
export async function openSessions(
  service: Service,
  count: number,
  options: tls.ConnectionOptions = {},
): Promise<readonly Buffer[]> {
  const port = await service.port();
  const sessions: Buffer[] = [];
  while (sessions.length < count) sessions.push((await askTls(port, options)).session);
  return sessions;
}

/** How many of them are resumed: client and worker agree, and the worker is one of these. */
export async function countResumed(
  service: Service,
  sessions: readonly Buffer[],
  options: tls.ConnectionOptions = {},
): Promise<{ readonly resumed: number; readonly by: ReadonlySet<number> }> {
  const port = await service.port();
  const by = new Set<number>();
  let resumed = 0;
  for (const session of sessions) {
    const answer = await askTls(port, { ...options, session });
    const { pid, reused } = describedBy(answer);
    by.add(pid);
    if (answer.reused && reused) resumed += 1;
  }
  return { resumed, by };
}
