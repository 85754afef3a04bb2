// Ends HTTP/2 sessions: streams in progress finish, and the client learns which of its requests were not processed.
import type { Http2Session } from 'node:http2';
import type net from 'node:net';

/**
 * As with HTTP/1.1, the next request of a session is answered, and is the last; without one the session ends after idleMs.
 * Then one GOAWAY names the last stream: streams that the client opened after it are refused as unprocessed, and safe to
 * repeat (RFC 9113, section 8.7). Section 6.8 recommends an earlier GOAWAY as a notice, so that none has to be refused. Node
 * cannot send it: after any GOAWAY its HTTP/2 ignores new streams, and only the last GOAWAY would tell the client so.
 */
export class Sessions {
  readonly #sessions = new Set<Http2Session>();
  #idleMs: number | undefined;

  constructor(server: net.Server) {
    server.on('session', (session: Http2Session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      if (this.#idleMs !== undefined) end(session, this.#idleMs);
    });
  }

  /** Ends the open sessions, and those that are opened later. A later call can only shorten idleMs. */
  end(idleMs: number): void {
    this.#idleMs = Math.min(idleMs, this.#idleMs ?? idleMs);
    for (const session of this.#sessions) end(session, this.#idleMs);
  }
}

function end(session: Http2Session, idleMs: number): void {
  const close = (): void => session.close();
  session.once('stream', close);
  // Sessions that fell idle together must not end together.
  const timer = setTimeout(close, idleMs * (1 + Math.random() / 2));
  session.once('close', () => clearTimeout(timer));
}
