// Has every TLS server of this worker encrypt its session tickets by the keys of the primary, so that a session that began with one
// worker is resumed by any other one, also of a later generation.
import { createHash, hkdfSync } from 'node:crypto';
import type net from 'node:net';
import tls from 'node:tls';
import type { WorkerSettings } from '../protocol/worker-settings.ts';
import {
  clientChecksOf,
  hasDefaultSessionIdContext,
  hasTicketKeysOption,
  setSessionIdContext,
} from '../net/tls-server.ts';

/** What a server of Node takes: a name, a key for the authentication, and one for the encryption, of 16 bytes each. */
const KEY_BYTES = 48;

/** What OpenSSL takes at most: SSL_MAX_SID_CTX_LENGTH. */
const SESSION_ID_CONTEXT_LENGTH = 32;

/** One for each process. */
export class SessionTickets {
  /** With what each serves, if it has a name. */
  readonly #servers = new Map<tls.Server, string>();
  /** The app has given them keys, and these win. */
  readonly #withOwnKeys = new WeakSet<tls.Server>();
  readonly #secret: string | undefined;
  /** What the keys of all servers follow from. Undefined: it has not come yet, or the primary is of a release that has none. */
  #keys: Buffer | undefined;
  #isSetting = false;

  constructor({ ticketSecret }: Pick<WorkerSettings, 'ticketSecret'>) {
    this.#secret = ticketSecret;
    this.#follow();
  }

  /** Before the server accepts: then all of its tickets are by the keys of the primary. What is no TLS server is left alone. */
  add(server: unknown, name: string): void {
    if (!(server instanceof tls.Server)) return;
    this.#servers.set(server, name);
    this.#apply(server, name);
  }

  remove(server: net.Server): void {
    if (server instanceof tls.Server) this.#servers.delete(server);
  }

  /** Instead of those before: Node takes one set of keys at a time, so clients with tickets by the old ones shake hands anew. */
  setKeys(keys: string): void {
    if (this.#secret === undefined) return;
    this.#keys = Buffer.concat([this.#secret, keys].map((half) => Buffer.from(half, 'base64')));
    for (const [server, name] of this.#servers) this.#apply(server, name);
  }

  /**
   * Each kind of server gets keys of its own, which follow from those of the primary. Otherwise a session of a server that asks for
   * no client certificate would be resumed by one that requires it, which then would not ask either.
   */
  #apply(server: tls.Server, name: string): void {
    if (this.#keys === undefined) return;
    const kind = `${name}\n${clientChecksOf(server)}`;
    if (hasDefaultSessionIdContext(server)) setSessionIdContext(server, contextOf(kind));
    if (hasTicketKeysOption(server) || this.#withOwnKeys.has(server)) return;
    const digest = createHash('sha256').update(kind).digest();
    this.#isSetting = true;
    try {
      server.setTicketKeys(Buffer.from(hkdfSync('sha256', this.#keys, '', digest, KEY_BYTES)));
    } finally {
      this.#isSetting = false;
    }
  }

  /** What the app does with its servers later, or did before they were added: a server does not tell. */
  #follow(): void {
    const { prototype } = tls.Server;
    const { setTicketKeys, setSecureContext } = prototype;
    const setByApp = (server: tls.Server): void => void (this.#isSetting || this.#withOwnKeys.add(server));
    const contextSet = (server: tls.Server): void => {
      const name = this.#servers.get(server);
      // With the new certificate it has a new context, which has new keys.
      if (name !== undefined) this.#apply(server, name);
    };
    prototype.setTicketKeys = function follow(keys) {
      setTicketKeys.call(this, keys);
      setByApp(this);
    };
    prototype.setSecureContext = function follow(options) {
      setSecureContext.call(this, options);
      contextSet(this);
    };
  }
}

function contextOf(kind: string): string {
  const digest = createHash('sha256').update(`fastify-clustered\n${kind}`).digest('hex');
  return digest.slice(0, SESSION_ID_CONTEXT_LENGTH);
}
