// Loads an HTTP/2 service from many sessions and accounts for every request. Only what the server says it has not processed is
// repeated, as any client may do that, whatever the method (RFC 9113, section 8.7), and is counted apart.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import { buffer } from 'node:stream/consumers';
import type { LoadOptions, LoadRequest } from './load-client.ts';

/** What is asked for and checked is as in the load of HTTP/1.1. */
export interface Http2LoadOptions extends Pick<LoadOptions, 'request' | 'check' | 'hungAfterMs'> {
  /** By its scheme TLS, with whatever certificate, or cleartext with prior knowledge. */
  readonly origin: string;
  readonly sessions: number;
  /** How many requests a session has under way at a time. */
  readonly streams: number;
  /** `kept`: a session is used until the server ends it. `fresh`: for one request. */
  readonly connections: 'kept' | 'fresh';
}

export interface Http2Report {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** Of those that are lost: no connection was established. */
  readonly refused: number;
  /** Of those that are lost: no complete answer within `hungAfterMs`. */
  readonly hung: number;
  /** Refused by REFUSED_STREAM, or above the last stream that a GOAWAY names. One request may be refused more than once. */
  readonly unprocessed: number;
  /** Requests that were repeated for that reason, whatever became of them then. */
  readonly repeated: number;
  /** Sessions that the server has ended by a GOAWAY. */
  readonly farewells: number;
  /** The first losses. */
  readonly samples: readonly string[];
}

export interface Http2Load {
  /** Resolves once that many more requests have their fate. */
  more(count: number): Promise<void>;
  counts(): Http2Report;
  /** Lets each stream finish its request. */
  stop(): Promise<Http2Report>;
}

const HOME: LoadRequest = { method: 'GET', path: '/' };
/** A check judges the body alone. */
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

const HUNG_AFTER_MS = 20_000;
const SAMPLES = 20;

/** So often a request is repeated at most: a server that refuses everything must not keep a test alive. */
const MOST_REPEATS = 50;

export function startHttp2Load(options: Http2LoadOptions): Http2Load {
  const load = new Http2LoadRun(options);
  return {
    more: (count) => load.more(count),
    counts: () => load.counts(),
    stop: () => load.stop(),
  };
}

/** Every request was answered, be it the second time, and there were some. */
export function assertNothingLostOverHttp2(report: Http2Report): void {
  assert.equal(report.lost, 0, JSON.stringify(report, null, 2));
  assert.ok(report.answered > 0, 'the load sent nothing');
}

type Fate = 'answered' | 'unprocessed' | 'refused' | 'hung' | 'otherwise lost';

interface Outcome {
  readonly fate: Fate;
  readonly why: string;
}

class Http2LoadRun {
  readonly #options: Http2LoadOptions;
  readonly #progress = new EventEmitter().setMaxListeners(0);
  readonly #done: Promise<unknown>;
  readonly #fates: Record<Fate, number> = {
    answered: 0,
    unprocessed: 0,
    refused: 0,
    hung: 0,
    'otherwise lost': 0,
  };
  readonly #samples: string[] = [];
  #sent = 0;
  #repeated = 0;
  #farewells = 0;
  #isStopping = false;

  constructor(options: Http2LoadOptions) {
    this.#options = options;
    this.#done = Promise.all(Array.from({ length: options.sessions }, (_, id) => this.#client(id)));
  }

  async more(count: number): Promise<void> {
    const enough = this.#finished() + count;
    while (this.#finished() < enough) await once(this.#progress, 'finished');
  }

  counts(): Http2Report {
    const { answered, unprocessed, refused, hung } = this.#fates;
    return {
      sent: this.#sent,
      answered,
      lost: this.#finished() - answered,
      refused,
      hung,
      unprocessed,
      repeated: this.#repeated,
      farewells: this.#farewells,
      samples: this.#samples,
    };
  }

  async stop(): Promise<Http2Report> {
    this.#isStopping = true;
    await this.#done;
    assert.equal(this.#finished(), this.#sent, 'each request ends in exactly one fate');
    return this.counts();
  }

  #finished(): number {
    const { answered, refused, hung, 'otherwise lost': others } = this.#fates;
    return answered + refused + hung + others;
  }

  /** One session at a time, shared by its streams. */
  async #client(id: number): Promise<void> {
    let session: http2.ClientHttp2Session | undefined;
    const current = (): http2.ClientHttp2Session => {
      if (session === undefined || session.closed || session.destroyed) session = this.#connect();
      return session;
    };
    const stream = async (): Promise<void> => {
      while (!this.#isStopping) await this.#request(current, id);
    };
    await Promise.all(Array.from({ length: this.#options.streams }, stream));
    session?.destroy();
  }

  #connect(): http2.ClientHttp2Session {
    const session = http2.connect(this.#options.origin, { rejectUnauthorized: false });
    session.once('goaway', () => {
      this.#farewells += 1;
    });
    // It may fail when it has no request. Requests report their own errors.
    return session.on('error', () => undefined);
  }

  async #request(current: () => http2.ClientHttp2Session, client: number): Promise<void> {
    const request = this.#options.request?.(this.#sent, client) ?? HOME;
    this.#sent += 1;
    for (let repeats = 0; ; repeats += 1) {
      const { fate, why } = await this.#attempt(current(), request);
      this.#fates[fate] += 1;
      if (fate === 'unprocessed' && repeats < MOST_REPEATS) {
        if (repeats === 0) this.#repeated += 1;
        continue;
      }
      if (fate === 'unprocessed') this.#fates['otherwise lost'] += 1;
      if (fate !== 'answered' && this.#samples.length < SAMPLES)
        this.#samples.push(`${request.method} ${request.path}: ${fate}, ${why}`);
      break;
    }
    this.#progress.emit('finished');
  }

  async #attempt(session: http2.ClientHttp2Session, request: LoadRequest): Promise<Outcome> {
    const { method, path, headers, body } = request;
    const stream = session.request({ ':method': method, ':path': path, ...headers });
    const hungAfterMs = this.#options.hungAfterMs ?? HUNG_AFTER_MS;
    let isHung = false;
    const timer = setTimeout(() => {
      // The connection may be gone, and Node's client not have noticed: under load it misses a reset at times.
      isHung = isEstablished(session.socket?.localPort);
      stream.destroy(new Error('no complete answer'));
      session.destroy();
    }, hungAfterMs);
    let status = 0;
    stream.once('response', (answer) => {
      status = Number(answer[':status']);
    });
    stream.end(body);
    try {
      const answer = await buffer(stream);
      // The stream may have ended early without an error.
      if (status !== 200) return { fate: 'otherwise lost', why: `status ${status}` };
      const isRight = this.#options.check?.({ status, headers: NO_HEADERS, body: answer }, request) ?? true;
      return isRight ? { fate: 'answered', why: '' } : { fate: 'otherwise lost', why: 'failed the check' };
    } catch (error) {
      return { fate: isHung ? 'hung' : fateOf(stream, error), why: textOf(error) };
    } finally {
      clearTimeout(timer);
      if (this.#options.connections === 'fresh') session.close();
    }
  }
}

/** By the kernel: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html */
function isEstablished(localPort: number | undefined): boolean {
  const lines = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return lines.some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    return state === '01' && Number.parseInt(local.split(':')[1] ?? '', 16) === localPort;
  });
}

function fateOf(stream: http2.ClientHttp2Stream, error: unknown): Fate {
  if (stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) return 'unprocessed';
  return /ECONNREFUSED/.test(textOf(error)) ? 'refused' : 'otherwise lost';
}

/** Of the stream's error and of what has caused it. */
function textOf(error: unknown): string {
  const { cause } = Object(error);
  return cause instanceof Error ? `${String(error)}, ${cause.message}` : String(error);
}
