// Section: whether workers that hold more than their share of the connections give some back.
import { trueOrFalse } from './checks.ts';

export interface ShedOptions {
  /**
   * A worker that holds clearly more connections than its share gives some of them back: each is closed with its next
   * response, by `Connection: close` (RFC 9112, section 9.6) or GOAWAY (RFC 9113, section 6.8), so that its client connects anew, and may
   * reach another worker. No request is lost. Idle connections and upgraded ones stay where they are. `false`: none is given back,
   * and the connections that a client keeps alive stay with the worker that has accepted them.
   * @default true
   */
  shed?: boolean | undefined;
}

export const checkShed = trueOrFalse({ default: true });
