// Ends HTTP/2 sessions: streams in progress finish, and the client learns which of its requests were not seen any more.
import type { Http2Session } from 'node:http2';
import type net from 'node:net';

/**
 * As with HTTP/1.1, the next request of a session is answered, and is the last; without one the session ends idle. Then
 * comes the one GOAWAY, that says which stream was the last: what the client opened after it is refused as unprocessed,
 * and safe to repeat (RFC 9113, section 8.7). The notice that section 6.8 recommends, so that nothing need be refused,
 * cannot be sent: after any GOAWAY Node's HTTP/2 ignores new streams, and only the last GOAWAY would tell the client so.
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

  /** From now on. Called again, it only becomes less patient. */
  end(idleMs: number): void {
    this.#idleMs = Math.min(idleMs, this.#idleMs ?? idleMs);
    for (const session of this.#sessions) end(session, this.#idleMs);
  }
}

function end(session: Http2Session, idleMs: number): void {
  const close = (): void => session.close();
  session.once('stream', close);
  // So sessions that fell idle together do not end together.
  const patience = setTimeout(close, idleMs * (1 + Math.random() / 2));
  session.once('close', () => clearTimeout(patience));
}
