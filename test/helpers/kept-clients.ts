// Clients that keep their connections alive, and pause between requests: where each of them is served, and what it loses.
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { Origin } from './load-client.ts';

/** The pause of a client between an answer and its next request, in ms. */
const PAUSE_MS = { min: 20, max: 40 } as const;

export interface KeptClientsOptions {
  readonly origin: Origin;
  readonly clients: number;
  readonly protocol?: 'HTTP/1.1' | 'HTTP/2';
  readonly isSecure?: boolean;
  /** Each begins so many ms after the one before. */
  readonly apartMs?: number;
}

/** One client. */
interface Client {
  /** Resolves with the body of the answer. */
  ask(): Promise<string>;
  close(): void;
}

export class KeptClients {
  readonly #lost: string[] = [];
  /** By whom each client was served last. */
  readonly #servedBy = new Map<number, number>();
  readonly #progress = new EventEmitter();
  readonly #all: Promise<unknown>;
  #isOver = false;
  #connections = 0;
  #answered = 0;

  constructor(options: KeptClientsOptions) {
    const { clients, apartMs = 0 } = options;
    this.#all = Promise.all(
      Array.from({ length: clients }, async (_, index) => {
        await setTimeout(index * apartMs);
        await this.#run(index, options);
      }),
    );
  }

  /** How many connections they have opened so far. */
  get connections(): number {
    return this.#connections;
  }

  get lost(): readonly string[] {
    return this.#lost;
  }

  get answered(): number {
    return this.#answered;
  }

  /** How many clients each of these workers serves. */
  sharesOf(pids: readonly number[]): readonly number[] {
    const served = [...this.#servedBy.values()];
    return pids.map((pid) => served.filter((each) => each === pid).length);
  }

  /** Resolves when so many more requests are answered. */
  async more(count: number): Promise<void> {
    const enough = this.#answered + count;
    // A loss ends the wait. The test reports it.
    while (this.#answered < enough && this.#lost.length === 0) await once(this.#progress, 'request');
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#all;
  }

  async #run(index: number, { protocol = 'HTTP/1.1', ...where }: KeptClientsOptions): Promise<void> {
    const opened = (): void => {
      this.#connections += 1;
    };
    const client = protocol === 'HTTP/2' ? http2Client(where, opened) : http1Client(where, opened);
    while (!this.#isOver) {
      try {
        this.#servedBy.set(index, JSON.parse(await client.ask()).pid);
        this.#answered += 1;
      } catch (error) {
        this.#lost.push(String(error));
      }
      this.#progress.emit('request');
      await setTimeout(PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min));
    }
    client.close();
  }
}

type Where = Pick<KeptClientsOptions, 'origin' | 'isSecure'>;

function http1Client({ origin, isSecure = false }: Where, opened: () => void): Client {
  const { Agent, get } = isSecure ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const where = 'path' in origin ? { socketPath: origin.path } : origin;
  return {
    async ask() {
      const request = get({ ...where, path: '/', agent, rejectUnauthorized: false });
      request.once('socket', (socket) => {
        if (socket.connecting) opened();
      });
      const [response] = await once(request, 'response');
      return text(response);
    },
    close: () => agent.destroy(),
  };
}

function http2Client({ origin, isSecure = false }: Where, opened: () => void): Client {
  if ('path' in origin) throw new Error('not over Unix sockets');
  const url = `${isSecure ? 'https' : 'http'}://${origin.host}:${origin.port}`;
  let session: http2.ClientHttp2Session | undefined;
  return {
    async ask() {
      if (session === undefined || session.closed || session.destroyed) {
        opened();
        // A session may fail when it has no request. Requests report their own errors.
        session = http2.connect(url, { rejectUnauthorized: false }).on('error', () => undefined);
      }
      return text(session.request({ ':path': '/' }));
    },
    close: () => session?.close(),
  };
}
