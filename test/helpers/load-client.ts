// Loads a service from many clients and accounts for every request: each ends in exactly one fate, none is retried.
//
// HTTP/1.1 over node:net, as http.Agent hides what a zero-loss test looks for: it acts on `Keep-Alive: timeout`
// by giving up a connection before the server closes it (with `timeout=1`, after every request), and its
// 'socket hang up' does not tell a FIN from a reset, nor a half answer from none.
import assert from 'node:assert/strict';
import { connect, isIP, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import process from 'node:process';
import { inspect } from 'node:util';
import { seeded } from '../simulation/random.ts';
import { ResponseReader } from './response-reader.ts';

const fates = [
  /** A complete answer with a status below 500, which passed `check`. */
  'answered',
  /** A complete answer with a 5xx status. */
  'serverError',
  /** A complete answer which failed `check`. */
  'wrongAnswer',
  /** No connection came about. */
  'refused',
  /** The connection was there and went away before the first byte of an answer. */
  'reset',
  /** An answer began and was not what it announced: it ended early, ran past its end or was not HTTP. */
  'cut',
  /** No complete answer within `hungAfterMs`. */
  'hung',
] as const;

export type Fate = (typeof fates)[number];

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
  /** Empty unless the load has a `check`: a body that nobody looks at is counted, not kept. */
  readonly body: Buffer;
}

export interface LoadOptions {
  /** An address, or a name which is resolved once per connection: a second address is never tried. */
  readonly origin: { readonly host: string; readonly port: number };
  /** How many clients, each with one request under way at a time, unless they pipeline. */
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
  /** The request with this number (from 0, over all clients), sent by this client (from 0). */
  readonly request: (number: number, client: number) => LoadRequest;
  /** Judges a complete answer below 500; false or a throw makes it a wrong answer, with the message as its code. */
  readonly check?: ((response: LoadResponse, request: LoadRequest) => boolean) | undefined;
  /** The pause between an answer and the client's next request. 0, the default: the next request at once. */
  readonly thinkMs?: number | ((random: () => number) => number) | undefined;
  /** Seeds the `random` which `thinkMs` is given; every client draws from a sequence of its own. */
  readonly seed?: number | undefined;
  readonly hungAfterMs?: number | undefined;
  /** How long `answered` and `finished` wait without any progress before they reject. */
  readonly stalledAfterMs?: number | undefined;
  /** Told of every loss; the report samples the first ones only. */
  readonly onLoss?: ((loss: Loss) => void) | undefined;
}

/** Why a client opened a connection; for a lost request, what had become of the connection before. */
export type OpenedBecause =
  | 'first request'
  | 'fresh connections'
  | 'the answer said Connection: close'
  | 'answered before the request was sent in full'
  | 'closed when idle'
  | 'reset when idle'
  | `previous request ${Fate}`;

export interface Loss {
  readonly fate: Fate;
  /** The error's code, or what was seen in its place. */
  readonly code: string;
  readonly status: number | undefined;
  readonly request: string;
  readonly number: number;
  readonly client: number;
  /** 1 for the first request on its connection. */
  readonly requestOnConnection: number;
  /** Undefined if there was no earlier response on this connection. */
  readonly sincePreviousResponseMs: number | undefined;
  readonly connectionOpenedBecause: OpenedBecause;
  readonly connectionOpenedAt: string;
  /** From sending the request to its fate. */
  readonly tookMs: number;
  /** The time of the fate. */
  readonly sinceStartMs: number;
  readonly at: string;
  /** `x-worker` of this answer or else of the previous one on this connection. */
  readonly worker: string | undefined;
  /** The client's port, to be found again in a packet capture or in the service's log. */
  readonly localPort: number | undefined;
}

export type LoadCounts = Readonly<Record<Fate, number>> & {
  /** The sum of all fates, and of the requests under way if the load has not been stopped. */
  readonly sent: number;
  /** All fates but `answered`. */
  readonly lost: number;
  /** Connections established. */
  readonly connectionsOpened: number;
  /** Connections which the server closed between two requests: no loss. */
  readonly closedWhenIdle: number;
  /** As `closedWhenIdle`, but by a reset. */
  readonly resetWhenIdle: number;
};

export type LoadReport = LoadCounts & {
  /** Complete answers per value of the response header `x-worker`. */
  readonly byWorker: ReadonlyMap<string, number>;
  /** The first losses. */
  readonly samples: readonly Loss[];
  /** Of answered requests, from sending (which includes connecting) to the complete answer, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
};

export interface Load {
  /** Resolves once that many requests are answered, counted from the start. */
  answered(count: number): Promise<void>;
  /** Resolves once that many requests have met their fate, whichever it is. */
  finished(count: number): Promise<void>;
  counts(): LoadCounts;
  /** Lets each client finish the request it is at. */
  stop(): Promise<LoadReport>;
}

const SAMPLES = 20;

/** Starts the clients, all at once. */
export function startLoad(options: LoadOptions): Load {
  const tally = new Tally(options);
  const clients = Array.from({ length: options.clients }, (_, id) => new Client(id, options, tally));
  for (const client of clients) client.start();
  let stopped: Promise<LoadReport> | undefined;
  return {
    answered: (count) => tally.reached('answered', count),
    finished: (count) => tally.reached('finished', count),
    counts: () => tally.counts(),
    stop: () => (stopped ??= Promise.all(clients.map((client) => client.stop())).then(() => tally.close())),
  };
}

/** The losses in words, as the message of an assertion. */
export function describeLosses(report: LoadCounts & { readonly samples?: readonly Loss[] }): string {
  const losses = fates.filter((fate) => fate !== 'answered' && report[fate] > 0);
  const counts = losses.map((fate) => `${report[fate]} ${fate}`).join(', ') || 'none';
  const samples = (report.samples ?? []).map((sample) => `\n${inspect(sample, { breakLength: Infinity })}`);
  return `${report.lost} lost of ${report.sent} sent (${counts})${samples.join('')}`;
}

/** To a tenth of a millisecond: a sample is to be read by people. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

interface Waiter {
  readonly of: 'answered' | 'finished';
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  seen: number;
  stallTimer: NodeJS.Timeout;
}

/** Counts the fates, and lets a test wait for them. */
class Tally {
  sent = 0;
  connectionsOpened = 0;
  closedWhenIdle = 0;
  resetWhenIdle = 0;
  readonly startedAt = performance.now();
  readonly hungAfterMs: number;
  readonly #stalledAfterMs: number;
  readonly #onLoss: LoadOptions['onLoss'];
  readonly #fates: Record<Fate, number>;
  readonly #byWorker = new Map<string, number>();
  readonly #samples: Loss[] = [];
  readonly #latencies: number[] = [];
  readonly #waiters = new Set<Waiter>();
  #closed = false;

  constructor({ hungAfterMs = 20_000, stalledAfterMs, onLoss }: LoadOptions) {
    this.hungAfterMs = hungAfterMs;
    // Later than a hung request's end, which is progress too.
    this.#stalledAfterMs = stalledAfterMs ?? hungAfterMs + 10_000;
    this.#onLoss = onLoss;
    this.#fates = { answered: 0, serverError: 0, wrongAnswer: 0, refused: 0, reset: 0, cut: 0, hung: 0 };
  }

  completeAnswer(worker: string | undefined): void {
    if (worker !== undefined) this.#byWorker.set(worker, (this.#byWorker.get(worker) ?? 0) + 1);
  }

  answered(tookMs: number): void {
    this.#fates.answered += 1;
    this.#latencies.push(tookMs);
    this.#settleWaiters();
  }

  lost(fate: Exclude<Fate, 'answered'>, describe: () => Loss): void {
    this.#fates[fate] += 1;
    if (this.#samples.length < SAMPLES || this.#onLoss !== undefined) {
      const loss = describe();
      if (this.#samples.length < SAMPLES) this.#samples.push(loss);
      this.#onLoss?.(loss);
    }
    this.#settleWaiters();
  }

  /** What had been taken for a complete answer was none. */
  answeredAfterAllCut(describe: () => Loss): void {
    this.#fates.answered -= 1;
    this.lost('cut', describe);
  }

  reached(of: 'answered' | 'finished', count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const stallTimer = setTimeout(() => this.#checkProgress(waiter), this.#stalledAfterMs);
      const waiter: Waiter = { of, count, resolve, reject, seen: this.#progress(of), stallTimer };
      this.#waiters.add(waiter);
      this.#settleWaiters();
    });
  }

  counts(): LoadCounts {
    const { sent, connectionsOpened, closedWhenIdle, resetWhenIdle } = this;
    const lost = this.#finished() - this.#fates.answered;
    return { sent, ...this.#fates, lost, connectionsOpened, closedWhenIdle, resetWhenIdle };
  }

  close(): LoadReport {
    this.#closed = true;
    this.#settleWaiters();
    assert.equal(this.#finished(), this.sent, 'each request ends in exactly one fate');
    const sorted = Float64Array.from(this.#latencies).toSorted();
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
    return {
      ...this.counts(),
      byWorker: this.#byWorker,
      samples: this.#samples,
      latency: { p50: rank(0.5), p99: rank(0.99), max: rank(1) },
    };
  }

  #finished(): number {
    let sum = 0;
    for (const fate of fates) sum += this.#fates[fate];
    return sum;
  }

  #progress(of: 'answered' | 'finished'): number {
    return of === 'answered' ? this.#fates.answered : this.#finished();
  }

  #settleWaiters(): void {
    for (const waiter of this.#waiters) {
      if (this.#progress(waiter.of) >= waiter.count) {
        this.#forget(waiter);
        waiter.resolve();
      } else if (this.#closed) {
        this.#fail(waiter, 'the load was stopped');
      }
    }
  }

  #checkProgress(waiter: Waiter): void {
    const progress = this.#progress(waiter.of);
    if (progress === waiter.seen) {
      this.#fail(waiter, `nothing more within ${this.#stalledAfterMs} ms`);
    } else {
      waiter.seen = progress;
      waiter.stallTimer = setTimeout(() => this.#checkProgress(waiter), this.#stalledAfterMs);
    }
  }

  #fail(waiter: Waiter, reason: string): void {
    this.#forget(waiter);
    const progress = `${this.#progress(waiter.of)} of ${waiter.count} requests ${waiter.of}`;
    const losses = describeLosses({ ...this.counts(), samples: this.#samples });
    waiter.reject(new Error(`${progress}, ${reason}: ${losses}`));
  }

  #forget(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    clearTimeout(waiter.stallTimer);
  }
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

// All sockets read into this one buffer, one at a time: what outlives the callback is copied.
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
  /** Under way, in the order in which they were sent, and so are to be answered. */
  #exchanges: readonly Exchange[] = [];
  #openBecause: OpenedBecause = 'first request';
  #thinkTimer: NodeJS.Timeout | undefined;
  #thinkImmediate: NodeJS.Immediate | undefined;

  constructor(id: number, options: LoadOptions, tally: Tally) {
    const { host, port } = options.origin;
    this.#id = id;
    this.#options = options;
    this.#tally = tally;
    this.#random = seeded((options.seed ?? 1) + id * 0x9e3779b9);
    this.#hostHeader = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
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
    const request = this.#options.request(number, this.#id);
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
    const { host, port } = this.#options.origin;
    const openedAt = new Date();
    const socket = connect({
      host,
      port,
      noDelay: true,
      // Would try a name's next address after a refusal: a retry in disguise.
      autoSelectFamily: false,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#received(connection, readBuffer.subarray(0, length));
          if (this.#exchanges[0]?.reader.endsWithConnection !== true) return true;
          // Here a FIN is a whole answer and a reset is not. Before libuv 1.52 (Node 20 and 22), a reset that is there
          // along with the bytes before it passes for a FIN, unless reading stops and starts again in between.
          setImmediate(() => socket.resume());
          return false;
        },
      },
    });
    const connection: Connection = {
      socket,
      openedBecause: this.#openBecause,
      openedAt,
      established: false,
      localPort: undefined,
      requests: 0,
      previous: undefined,
    };
    // An address is connected to in the next tick, a name is looked up first. A reset that overtakes the news of the
    // connection leaves a socket which does not know its port any more.
    if (isIP(host) !== 0) process.nextTick(() => (connection.localPort = socket.localPort));
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

  /** Bytes which no request asked for: the answer before them was longer than it had announced. */
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
    // A reset may overtake the news that the connection was made. Linux tells such a reset (ECONNRESET, or EPIPE
    // if a FIN came first) from a refusal, so that an accepted and aborted connection does not pass for a refused.
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
    // If this process was late itself, the answer may be here, unread. Timers run before reads, immediates after.
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

  #lose(fate: Exclude<Fate, 'answered'>, code: string, connection: Connection, exchange: Exchange): void {
    this.#settle(exchange);
    this.#tally.lost(fate, () => this.#describe(fate, code, connection, exchange));
    connection.previous = { exchange, fate, at: performance.now() };
  }

  /** All that is still under way, such as what was pipelined behind an answer after which the connection ended. */
  #loseAll(fate: Exclude<Fate, 'answered'>, code: string, connection: Connection): void {
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
      // Timers run before reads, immediates after: a FIN that is here by now is seen before the connection is used,
      // however late this process is. One that is still under way is not, as for any client.
      this.#thinkImmediate = setImmediate(() => this.#next());
    }, milliseconds);
  }
}
