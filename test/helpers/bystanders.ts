// Innocent clients of a worker, each with a request in another state, that continue when the test tells them to.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';
import type { Service } from './service.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const head = (start: string, ...headers: readonly string[]): string =>
  [start, 'Host: localhost', ...headers, '', ''].join('\r\n');
const get = (path: string): string => head(`GET ${path} HTTP/1.1`);

const BODY = 'x'.repeat(100_000);
const POST = head('POST /echo HTTP/1.1', 'Content-Type: text/plain', `Content-Length: ${BODY.length}`) + BODY;

/** What each sends at first, and what it sends when it continues. The paths are those of fixtures/held.js. */
const KINDS = {
  'an answer that has not begun': [get('/silent'), ''],
  'an answer that has begun': [get('/begun'), ''],
  'a chunked answer that has begun': [get('/chunked'), ''],
  'a body half sent': [POST.slice(0, -40_000), POST.slice(-40_000)],
  'a head half sent': [get('/').slice(0, 20), get('/').slice(20)],
  'an idle connection': ['', get('/')],
} as const satisfies Readonly<Record<string, readonly [before: string, after: string]>>;

/** The expected bodies of the answers; the other answers name their worker. */
const BODIES: Readonly<Record<string, string>> = {
  'an answer that has begun': 'begunended',
  'a chunked answer that has begun': 'begunended',
  'a body half sent': BODY,
};

export class Bystander {
  readonly kind: string;
  readonly #socket: Socket;
  readonly #after: string;
  readonly #answer: Promise<Answer>;

  constructor(kind: keyof typeof KINDS, socket: Socket) {
    const [before, after] = KINDS[kind];
    this.kind = kind;
    this.#socket = socket;
    this.#after = after;
    this.#answer = read(socket, kind);
    // It may reject before goOn() awaits it.
    this.#answer.catch(() => undefined);
    socket.write(before);
  }

  /** Sends what is still to be sent, reads the whole answer, and leaves. */
  async goOn(): Promise<Answer> {
    this.#socket.write(this.#after);
    const answer = await this.#answer;
    const expected = BODIES[this.kind];
    if (expected !== undefined) assert.equal(answer.body, expected, this.kind);
    this.#socket.destroy();
    return answer;
  }
}

/** One of each kind: a worker has accepted all of them, and their requests have reached the app. */
export async function gather(service: Service): Promise<readonly Bystander[]> {
  const kinds = Object.keys(KINDS) as readonly (keyof typeof KINDS)[];
  const bystanders: Bystander[] = [];
  // Earlier clients may have sent the same requests.
  const arrived = ['/silent', '/begun', '/chunked', '/echo'].map((path) =>
    service.next('requested', ({ url }) => url === path),
  );
  for (const kind of kinds) bystanders.push(new Bystander(kind, await openConnection(service)));
  await Promise.all(arrived);
  return bystanders;
}

/** All of them continue, and the worker with that pid answers each one. */
export async function assertServedBy(pid: number, bystanders: readonly Bystander[]): Promise<void> {
  await Promise.all(
    bystanders.map(async (bystander) => {
      const { status, headers } = await bystander.goOn();
      assert.deepEqual([status, headers.get('x-worker')], [200, String(pid)], bystander.kind);
    }),
  );
}

/** A connection that a worker has accepted: it has answered on it. */
export async function openConnection(service: Service): Promise<Socket> {
  const socket = connect(await service.port(), '127.0.0.1');
  // Readers see the end of the connection instead.
  socket.on('error', () => undefined);
  await ask(socket, '/');
  return socket;
}

/** A connection to each worker, by its pid. The kernel decides which worker accepts, so it opens as many as that takes. */
export async function connectToEach(service: Service, workers: number): Promise<ReadonlyMap<number, Socket>> {
  const sockets = new Map<number, Socket>();
  for (let tries = 0; sockets.size < workers; tries += 1) {
    assert.ok(tries < 1_000, 'one worker accepts every connection');
    const socket = await openConnection(service);
    const { pid } = JSON.parse((await ask(socket, '/')).body);
    if (sockets.has(pid)) socket.destroy();
    else sockets.set(pid, socket);
  }
  return sockets;
}

/** One request on that connection. */
export async function ask(socket: Socket, path: string): Promise<Answer> {
  socket.write(get(path));
  return read(socket, path);
}

/** Rejects when the connection ends, in whatever way, before the answer is complete. */
async function read(socket: Socket, what: string): Promise<Answer> {
  const reader = new ResponseReader('GET', true);
  const over = new AbortController();
  const ended = once(socket, 'close', { signal: over.signal }).then(() => {
    throw new Error(`${what}: the connection ended before the answer was whole`);
  });
  const whole = new Promise<void>((resolve) => {
    const receive = (bytes: Buffer): void => {
      reader.read(bytes);
      if (!reader.complete) return;
      socket.off('data', receive);
      resolve();
    };
    socket.on('data', receive);
  });
  try {
    await Promise.race([whole, ended]);
  } finally {
    over.abort();
  }
  return { status: reader.status, headers: reader.headers, body: reader.body().toString() };
}
