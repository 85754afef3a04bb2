// What Node keeps on a TLS server of sessions and their tickets. The only file that knows where; a test pins it.
import { createHash } from 'node:crypto';
import process from 'node:process';
import type tls from 'node:tls';

/** Given by the option `ticketKeys`, also of setSecureContext(). Node keeps those of setTicketKeys() elsewhere. */
export function hasTicketKeysOption(server: tls.Server): boolean {
  return Reflect.get(server, 'ticketKeys') !== undefined;
}

/**
 * Without the option `sessionIdContext` Node derives one from the command line, which is another one in each release:
 * https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener
 */
export function hasDefaultSessionIdContext(server: tls.Server): boolean {
  const byDefault = createHash('sha1').update(process.argv.join(' ')).digest('hex').slice(0, 32);
  return Reflect.get(server, 'sessionIdContext') === byDefault;
}

/** At most 32 bytes. Node has no method for it: the server passes its field on when it makes its context. */
export function setSessionIdContext(server: tls.Server, sessionIdContext: string): void {
  Reflect.set(server, 'sessionIdContext', sessionIdContext);
  const context: unknown = Reflect.get(Object(Reflect.get(server, '_sharedCreds')), 'context');
  const set: unknown = Reflect.get(Object(context), 'setSessionIdContext');
  if (typeof set === 'function') Reflect.apply(set, context, [sessionIdContext]);
}

/**
 * How the server checks its clients: sessions of servers that do it differently must not be mixed up. A client whose session is
 * resumed is not asked for its certificate again.
 */
export function clientChecksOf(server: tls.Server): string {
  const field = (name: string): unknown => Reflect.get(server, name);
  if (field('requestCert') !== true) return 'none';
  const trusted = JSON.stringify(['ca', 'pfx', 'crl'].map(field));
  return `${field('rejectUnauthorized') === false ? 'asked' : 'required'} ${trusted}`;
}
