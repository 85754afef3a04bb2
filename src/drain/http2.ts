// Ends HTTP/2 sessions: every answer comes before the GOAWAY where that can be, and the client learns which of its requests were
// not processed.
import type { Http2Session, Http2Stream } from 'node:http2';
import type net from 'node:net';
import { wholePollPhase } from '../net/poll.ts';
import type { Connections } from './connections.ts';
import { isFresh } from './idle.ts';
import { closeWhenSilent } from './linger.ts';

/**
 * As with HTTP/1.1, what is under way is answered, so is the next request of an idle session, and without one the session ends
 * after idleMs. Then one GOAWAY names the last stream: streams that the client opened after it are refused as unprocessed, and
 * safe to repeat (RFC 9113, section 8.7). Section 6.8 recommends an earlier GOAWAY as a notice, so that none has to be refused.
 * Node cannot send it: after any GOAWAY its HTTP/2 ignores new streams, and only the last GOAWAY would tell the client so.
 *
 * Some clients drop their requests under way when they read a GOAWAY, whatever it says (undici 7). So it is sent in the moment in
 * which the last answer is: when the number of open streams has come back to 0.
 */
export class Sessions {
  readonly #sessions = new Map<Http2Session, net.Socket>();
  readonly #farewells = new WeakMap<Http2Session, Farewell>();
  #idleMs: number | undefined;

  constructor(server: net.Server, connections: Connections) {
    server.on('session', (session: Http2Session) => {
      // Node makes the session while the server emits the socket, and what listens to that first are the connections.
      const socket = connections.newest;
      if (socket === undefined) return;
      this.#sessions.set(session, socket);
      session.once('close', () => this.#sessions.delete(session));
      if (this.#idleMs !== undefined) this.#end(session, socket, this.#idleMs);
    });
  }

  /** The number of requests under way. */
  get openStreams(): number {
    return [...this.#sessions.keys()].reduce((sum, session) => sum + openStreams(session).length, 0);
  }

  /** Those that are open, each with a way to end it while the others stay. */
  get open(): readonly OpenSession[] {
    return [...this.#sessions]
      .filter(([session]) => !session.closed)
      .map(([session, socket]) => ({
        socket,
        isClosing: this.#farewells.has(session),
        giveBack: () => this.#end(session, socket, REST_MS),
      }));
  }

  /** Ends the open sessions, and those that are opened later. A later call can only shorten idleMs. */
  end(idleMs: number): void {
    this.#idleMs = Math.min(idleMs, this.#idleMs ?? idleMs);
    for (const [session, socket] of this.#sessions) this.#end(session, socket, this.#idleMs);
  }

  #end(session: Http2Session, socket: net.Socket, idleMs: number): void {
    const farewell = this.#farewells.get(session) ?? new Farewell(session, socket);
    this.#farewells.set(session, farewell);
    farewell.within(idleMs);
  }
}

export interface OpenSession {
  readonly socket: net.Socket;
  /** It ends as soon as it comes to rest. */
  readonly isClosing: boolean;
  giveBack(): void;
}

/** How long a session in use that is to end may take to come to rest, in ms: one that never rests is ended then. */
const REST_MS = 1_000;

/** The interval between two attempts to close an idle session, in ms. */
const RETRY_MS = 50;

/** The end of one session. */
class Farewell {
  readonly #session: Http2Session;
  readonly #socket: net.Socket;
  /** A factor from 1 to 1.5 on idleMs: sessions that fell idle together must not end together. */
  readonly #spread = 1 + Math.random() / 2;
  readonly #since = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #isOverdue = false;

  constructor(session: Http2Session, socket: net.Socket) {
    this.#session = session;
    this.#socket = socket;
    for (const stream of openStreams(session)) this.#follow(stream);
    session.on('stream', (stream: Http2Stream) => this.#opened(stream));
    session.once('close', () => clearTimeout(this.#timer));
  }

  /** The session ends after this time, from its beginning, if it is idle then. */
  within(idleMs: number): void {
    if (this.#isOverdue) return;
    clearTimeout(this.#timer);
    const after = this.#since + idleMs * this.#spread - performance.now();
    this.#timer = setTimeout(() => void this.#due(0), Math.max(0, after));
  }

  #opened(stream: Http2Stream): void {
    // The client opens new streams before the old ones have ended: if it always does, there never is a better moment.
    if (this.#isOverdue && openStreams(this.#session).length > 1) this.#close();
    else this.#follow(stream);
  }

  /**
   * The event `close` of a stream would be too late: a GOAWAY that leaves some time after the answer crosses the next request.
   * While Node puts together what it sends, it pushes the end of a stream of which both sides have closed: what is submitted by
   * then leaves in one piece with the end of the answer.
   */
  #follow(stream: Http2Stream): void {
    const { push } = stream;
    stream.push = (...chunk) => {
      if (stream.closed) this.#closeBehind(stream);
      return push.apply(stream, chunk);
    };
  }

  #closeBehind(stream: Http2Stream): void {
    if (openStreams(this.#session).every((open) => open === stream)) this.#close();
  }

  /** A request may have arrived that Node has not read yet: to end the session now would refuse it. */
  async #due(attempts: number): Promise<void> {
    this.#isOverdue = true;
    const pollAgeMs = await wholePollPhase();
    if (this.#session.closed || openStreams(this.#session).length > 0) return;
    if (isFresh(pollAgeMs, attempts)) this.#close();
    else this.#timer = setTimeout(() => void this.#due(attempts + 1), RETRY_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    if (this.#session.closed) return;
    this.#session.close();
    // Node sends the FIN behind the GOAWAY and the answers, and reads on. It would do so for ever.
    this.#socket.once('finish', () => closeWhenSilent(this.#socket));
  }
}

/** The streams that have not been closed by both sides. Node keeps them in this field of the session; a test pins it. */
export function openStreams(session: Http2Session): readonly Http2Stream[] {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  const streams: ReadonlyMap<number, Http2Stream> | undefined =
    symbol && Reflect.get(Object(Reflect.get(session, symbol)), 'streams');
  // Node's own kind of Map: it is no instance of Map.
  return typeof streams?.values === 'function' ? [...streams.values()] : [];
}
