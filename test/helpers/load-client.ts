// Loads a service from many clients and accounts for every request: each has exactly one fate, none is retried.
//
// HTTP/1.1 over node:net, because http.Agent hides what a zero-loss test looks for: it acts on `Keep-Alive: timeout`
// by giving up a connection before the server closes it (with `timeout=1`, after every request), and its
// 'socket hang up' does not tell a FIN from a reset, nor half an answer from none.
import { connect, isIP, isIPv6 } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';
import process from 'node:process';
import tls from 'node:tls';
import { seeded } from '../simulation/random.ts';
import type { Fate, LoadCounts, LoadReport, Loss, LossFate, OpenedBecause } from './load-report.ts';
import { Tally } from './load-tally.ts';
import { ResponseReader } from './response-reader.ts';

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Buffer | undefined;
}

export interface LoadResponse {
  readonly status: number;
  /** Names in lower case, repeated ones joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty unless the load has a `check`: otherwise bodies are read and not kept. */
  readonly body: Buffer;
}

/** A port, or the path of a Unix socket. */
export type Origin = { readonly host: string; readonly port: number } | { readonly path: string };

export interface LoadOptions {
  /** An address, or a name which is resolved once per connection: a second address is never tried. */
  readonly origin: Origin;
  /** HTTPS, with these options; a handshake that fails is a lost request like any other. Left out: cleartext. */
  readonly tls?: tls.ConnectionOptions | undefined;
  /** How many clients. Each has one request under way at a time, unless it pipelines. */
  readonly clients: number;
  /**
   * How many requests a client writes at once on its connection, before it waits for the answers. 1, the default: no
   * pipelining. Those that are not answered when the connection ends are lost, as nothing is repeated here.
   */
  readonly pipelined?: number | undefined;
  /**
   * `kept-alive`: a client sends on its connection until an answer says `Connection: close` or it sees a FIN.
   * `fresh`: each request goes over a connection of its own and says `Connection: close`.
   */
  readonly connections: 'kept-alive' | 'fresh';
  /** The request with this number (from 0, over all clients), sent by this client (from 0). By default GET /. */
  readonly request?: ((number: number, client: number) => LoadRequest) | undefined;
  /** Judges a complete answer below 500; false or a throw makes it a wrong answer, with the message as its code. */
  readonly check?: ((response: LoadResponse, request: LoadRequest) => boolean) | undefined;
  /** The pause between an answer and the client's next request. 0, the default: the next request at once. */
  readonly thinkMs?: number | ((random: () => number) => number) | undefined;
  /** Seeds the `random` which `thinkMs` is given; every client draws from a sequence of its own. */
  readonly seed?: number | undefined;
  readonly hungAfterMs?: number | undefined;
  /** How long `answered` and `finished` wait without any progress before they reject. */
  readonly stalledAfterMs?: number | undefined;
  /** Called for every loss. The report keeps the first ones only. */
  readonly onLoss?: ((loss: Loss) => void) | undefined;
}

export interface Load {
  /** Resolves once that many requests are answered, counted from the start. */
  answered(count: number): Promise<void>;
  /** Resolves once that many more requests are answered. */
  more(answers: number): Promise<void>;
  /** Resolves once that many requests have their fate, whichever it is, counted from the start. */
  finished(count: number): Promise<void>;
  counts(): LoadCounts;
  /** Lets each client finish the request that is under way. */
  stop(): Promise<LoadReport>;
}

/** Starts the clients, all at once. */
export function startLoad(options: LoadOptions): Load {
  const tally = new Tally(options);
  const clients = Array.from({ length: options.clients }, (_, id) => new Client(id, options, tally));
  for (const client of clients) client.start();
  let stopped: Promise<LoadReport> | undefined;
  return {
    answered: (count) => tally.reached('answered', count),
    more: (answers) => tally.reached('answered', tally.counts().answered + answers),
    finished: (count) => tally.reached('finished', count),
    counts: () => tally.counts(),
    stop: () => (stopped ??= Promise.all(clients.map((client) => client.stop())).then(() => tally.close())),
  };
}

/** To a tenth of a millisecond: a sample is to be read by people. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

interface Connection {
  readonly socket: Socket;
  readonly openedBecause: OpenedBecause;
  readonly openedAt: Date;
  established: boolean;
  /** Kept, as a destroyed socket forgets it. */
  localPort: number | undefined;
  requests: number;
  /** The last exchange which ended in a complete answer on this connection, and when. */
  previous: { readonly exchange: Exchange; readonly fate: Fate; readonly at: number } | undefined;
}

interface Exchange {
  readonly request: LoadRequest;
  readonly number: number;
  readonly requestOnConnection: number;
  readonly sentAt: number;
  readonly reader: ResponseReader;
  readonly hungTimer: NodeJS.Timeout;
}

const HOME: LoadRequest = { method: 'GET', path: '/' };

// All sockets read into this one buffer, one at a time: bytes that outlive the callback are copied.
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** One client, with one request under way at a time, or with several pipelined ones. */
class Client {
  readonly #id: number;
  readonly #options: LoadOptions;
  readonly #tally: Tally;
  readonly #random: () => number;
  readonly #hostHeader: string;
  readonly #stopped: Promise<void>;
  #leave: () => void = () => undefined;
  #stopping = false;
  #connection: Connection | undefined;
  /** Under way, in the order in which they were sent and must be answered. */
  #exchanges: readonly Exchange[] = [];
  #openBecause: OpenedBecause = 'first request';
  #thinkTimer: NodeJS.Timeout | undefined;
  #thinkImmediate: NodeJS.Immediate | undefined;

  constructor(id: number, options: LoadOptions, tally: Tally) {
    this.#id = id;
    this.#options = options;
    this.#tally = tally;
    this.#random = seeded((options.seed ?? 1) + id * 0x9e3779b9);
    this.#hostHeader = hostHeader(options.origin);
    this.#stopped = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  start(): void {
    this.#next();
  }

  stop(): Promise<void> {
    this.#stopping = true;
    if (this.#exchanges.length === 0) {
      clearTimeout(this.#thinkTimer);
      clearImmediate(this.#thinkImmediate);
      this.#next();
    }
    return this.#stopped;
  }

  #next(): void {
    if (this.#stopping) {
      this.#connection?.socket.destroy();
      this.#connection = undefined;
      this.#leave();
      return;
    }
    const connection = (this.#connection ??= this.#open());
    this.#exchanges = Array.from({ length: this.#options.pipelined ?? 1 }, () => this.#begin(connection));
    // Queued by the socket until it is connected. A failed write shows as the socket's 'error'.
    connection.socket.cork();
    for (const { request } of this.#exchanges) connection.socket.write(this.#serialise(request));
    connection.socket.uncork();
  }

  #begin(connection: Connection): Exchange {
    connection.requests += 1;
    const number = this.#tally.sent;
    const request = this.#options.request?.(number, this.#id) ?? HOME;
    this.#tally.sent += 1;
    return {
      request,
      number,
      requestOnConnection: connection.requests,
      sentAt: performance.now(),
      reader: new ResponseReader(request.method, this.#options.check !== undefined),
      hungTimer: setTimeout(() => this.#hung(number), this.#tally.hungAfterMs),
    };
  }

  #serialise(request: LoadRequest): string | Buffer {
    const { method, path, headers, body } = request;
    let head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#hostHeader}\r\n`;
    if (this.#options.connections === 'fresh') head += 'Connection: close\r\n';
    if (body !== undefined) head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    else if (method === 'POST' || method === 'PUT' || method === 'PATCH') head += 'Content-Length: 0\r\n';
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    head += '\r\n';
    if (body === undefined) return head;
    return typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head), body]);
  }

  #open(): Connection {
    const { origin, tls: secure } = this.#options;
    const openedAt = new Date();
    const options: NetConnectOpts = {
      ...origin,
      noDelay: true,
      // It would try a name's next address after a refusal, which is a retry.
      autoSelectFamily: false,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#received(connection, readBuffer.subarray(0, length));
          if (this.#exchanges[0]?.reader.endsWithConnection !== true) return true;
          // Here a FIN is a whole answer and a reset is not. Before libuv 1.52 (Node 20 and 22), a reset that is there
          // along with the bytes before it looks like a FIN, unless reading stops and starts again in between.
          setImmediate(() => socket.resume());
          return false;
        },
      },
    };
    const socket = secure === undefined ? connect(options) : tls.connect({ ...options, ...secure });
    const connection: Connection = {
      socket,
      openedBecause: this.#openBecause,
      openedAt,
      established: false,
      localPort: undefined,
      requests: 0,
      previous: undefined,
    };
    // Node connects to an address in the next tick, and looks a name up first. When a reset comes before the 'connect'
    // event, the socket does not know its port any more.
    if ('host' in origin && isIP(origin.host) !== 0)
      process.nextTick(() => (connection.localPort = socket.localPort));
    socket.on('connect', () => this.#established(connection));
    socket.on('end', () => this.#over(connection, undefined));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#over(connection, error));
    return connection;
  }

  #established(connection: Connection): void {
    connection.established = true;
    connection.localPort ??= connection.socket.localPort;
    this.#tally.connectionsOpened += 1;
  }

  #received(connection: Connection, bytes: Buffer): void {
    if (connection !== this.#connection) return;
    const [exchange, ...behind] = this.#exchanges;
    if (exchange === undefined) {
      this.#unasked(connection, bytes.length);
      return;
    }
    const { reader } = exchange;
    const rest = reader.read(bytes);
    if (rest.length > 0 && behind.length === 0) {
      reader.fault ??= `${rest.length} bytes beyond the end of the answer`;
    }
    if (reader.fault !== undefined) {
      this.#drop('previous request cut');
      this.#lose('cut', reader.fault, connection, exchange);
      this.#loseAll('reset', 'behind a broken answer', connection);
      this.#goOn();
    } else if (reader.complete) {
      this.#complete(connection, exchange);
      if (rest.length > 0) this.#received(connection, rest);
    }
  }

  #complete(connection: Connection, exchange: Exchange): void {
    const { reader } = exchange;
    this.#tally.completeAnswer(reader.headers.get('x-worker'));
    if (this.#options.connections === 'fresh') this.#drop('fresh connections');
    else if (!reader.keepAlive) this.#drop('the answer said Connection: close');
    else if (connection.socket.writableLength > 0) this.#drop('answered before the request was sent in full');

    const fault = reader.status < 500 ? this.#faultFoundByCheck(exchange) : undefined;
    const fate = reader.status >= 500 ? 'serverError' : fault === undefined ? 'answered' : 'wrongAnswer';
    if (fate === 'answered') {
      const now = performance.now();
      this.#settle(exchange);
      connection.previous = { exchange, fate, at: now };
      this.#tally.answered(now - exchange.sentAt);
    } else {
      this.#lose(fate, fault ?? `status ${reader.status}`, connection, exchange);
    }
    if (connection !== this.#connection) this.#loseAll('reset', 'behind the last answer', connection);
    this.#goOn();
  }

  #faultFoundByCheck({ request, reader }: Exchange): string | undefined {
    const { check } = this.#options;
    if (check === undefined) return undefined;
    const { status, headers } = reader;
    try {
      return check({ status, headers, body: reader.body() }, request) ? undefined : 'failed the check';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Bytes without a request: the answer before them was longer than it had announced. */
  #unasked(connection: Connection, length: number): void {
    this.#drop('previous request cut');
    const { previous } = connection;
    if (previous?.fate !== 'answered') return;
    const code = `${length} bytes beyond the end of the answer`;
    this.#tally.answeredAfterAllCut(() => this.#describe('cut', code, connection, previous.exchange));
  }

  /** The connection has ended, by a FIN or by an error. */
  #over(connection: Connection, error: NodeJS.ErrnoException | undefined): void {
    if (connection !== this.#connection) return;
    const [exchange] = this.#exchanges;
    if (exchange === undefined) {
      if (error === undefined) this.#tally.closedWhenIdle += 1;
      else this.#tally.resetWhenIdle += 1;
      this.#drop(error === undefined ? 'closed when idle' : 'reset when idle');
      return;
    }
    const { reader } = exchange;
    if (error === undefined && reader.endsWithConnection) {
      this.#complete(connection, exchange);
      return;
    }
    // A reset may come before the 'connect' event. Linux tells such a reset (ECONNRESET, or EPIPE
    // if a FIN came first) from a refusal, so a connection that was accepted and aborted is not taken for a refused one.
    if (!connection.established && (error?.code === 'ECONNRESET' || error?.code === 'EPIPE')) {
      this.#established(connection);
    }
    const fate = !connection.established ? 'refused' : reader.began ? 'cut' : 'reset';
    const code = error === undefined ? 'FIN' : (error.code ?? error.message);
    this.#drop(`previous request ${fate}`);
    this.#lose(fate, code, connection, exchange);
    this.#loseAll(connection.established ? 'reset' : 'refused', code, connection);
    this.#goOn();
  }

  #hung(number: number): void {
    // If this process itself was late, the answer may be there, unread. Timers run before reads, immediates after.
    setImmediate(() => {
      const exchange = this.#exchanges.find((known) => known.number === number);
      const connection = this.#connection;
      if (exchange === undefined || connection === undefined) return;
      const began = exchange.reader.began ? 'answer incomplete' : 'no answer';
      this.#drop('previous request hung');
      this.#loseAll('hung', connection.established ? began : 'no connection', connection);
      this.#goOn();
    });
  }

  #lose(fate: LossFate, code: string, connection: Connection, exchange: Exchange): void {
    this.#settle(exchange);
    this.#tally.lost(fate, () => this.#describe(fate, code, connection, exchange));
    connection.previous = { exchange, fate, at: performance.now() };
  }

  /** All requests under way, such as those pipelined behind an answer after which the connection ended. */
  #loseAll(fate: LossFate, code: string, connection: Connection): void {
    for (const exchange of this.#exchanges) this.#lose(fate, code, connection, exchange);
  }

  #describe(
    fate: Fate,
    code: string,
    connection: Connection,
    { request, number, requestOnConnection, sentAt, reader }: Exchange,
  ): Loss {
    const now = performance.now();
    const { previous } = connection;
    return {
      fate,
      code,
      status: reader.status || undefined,
      request: `${request.method} ${request.path}`,
      number,
      client: this.#id,
      requestOnConnection,
      sincePreviousResponseMs: previous === undefined ? undefined : rounded(now - previous.at),
      connectionOpenedBecause: connection.openedBecause,
      connectionOpenedAt: connection.openedAt.toISOString(),
      tookMs: rounded(now - sentAt),
      sinceStartMs: rounded(now - this.#tally.startedAt),
      at: new Date().toISOString(),
      worker: reader.headers.get('x-worker') ?? previous?.exchange.reader.headers.get('x-worker'),
      localPort: connection.localPort,
    };
  }

  #settle(exchange: Exchange): void {
    clearTimeout(exchange.hungTimer);
    this.#exchanges = this.#exchanges.filter((known) => known !== exchange);
  }

  #drop(because: OpenedBecause): void {
    this.#connection?.socket.destroy();
    this.#connection = undefined;
    this.#openBecause = because;
  }

  #goOn(): void {
    if (this.#exchanges.length === 0) this.#think();
  }

  #think(): void {
    const { thinkMs = 0 } = this.#options;
    const milliseconds = typeof thinkMs === 'number' ? thinkMs : thinkMs(this.#random);
    if (milliseconds <= 0 || this.#stopping) {
      this.#next();
      return;
    }
    this.#thinkTimer = setTimeout(() => {
      // Timers run before reads, immediates after: a FIN that has arrived is read before the connection is used again,
      // however late this process is. One that is still on its way is not, as with any client.
      this.#thinkImmediate = setImmediate(() => this.#next());
    }, milliseconds);
  }
}

function hostHeader(origin: Origin): string {
  if ('path' in origin) return 'localhost';
  const { host, port } = origin;
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
