// Ends HTTP/2 sessions: streams in progress finish, and the client learns of the end before it opens another.
import http2 from 'node:http2';
import type { Http2Session } from 'node:http2';
import type net from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** RFC 9113, section 6.8: the first GOAWAY is a notice, the final one comes at least one round trip later. */
const NOTICE_MS = 100;
const LAST_STREAM_ID = 2 ** 31 - 1;

export class Sessions {
  readonly #sessions = new Set<Http2Session>();
  #ending = false;

  constructor(server: net.Server) {
    server.on('session', (session: Http2Session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      if (this.#ending) void end(session);
    });
  }

  end(): void {
    this.#ending = true;
    for (const session of this.#sessions) void end(session);
  }
}

async function end(session: Http2Session): Promise<void> {
  if (!session.destroyed) session.goaway(http2.constants.NGHTTP2_NO_ERROR, LAST_STREAM_ID);
  await setTimeout(NOTICE_MS);
  if (!session.destroyed) session.close();
}
