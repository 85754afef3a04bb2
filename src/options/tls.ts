// Section: TLS, where the app serves HTTPS.
import { group, ms, withDefault } from './checks.ts';
import type { Check, ChecksOf } from './checks.ts';

/** TLS, where the app serves HTTPS. */
export interface TlsOptions {
  /**
   * How often the primary makes new keys for TLS session tickets, in ms. Workers take one set of keys at a time, so after each
   * rotation every client shakes hands anew once. `null`: the keys live as long as the primary. Servers to which the app gives keys
   * itself (`ticketKeys`) keep those.
   * @default null
   */
  rotateTicketKeysMs?: number | null | undefined;
}

const checkMs = ms({ default: 0, min: 1 });

const checkRotateMs: Check<number | null> = (value, name, runtime) =>
  value === null ? null : checkMs(value, name, runtime);

export const checkTls = group({
  rotateTicketKeysMs: withDefault(() => null, checkRotateMs),
} satisfies ChecksOf<TlsOptions>);
