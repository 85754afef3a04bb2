// The messages that the primary sends to a worker.
import { anything, boolean, flag, number, parserOf, text } from './declare.ts';
import type { MessageOf } from './declare.ts';

const MESSAGES = {
  /**
   * The keys of its TLS session tickets follow from these bytes, in base64, and from the `ticketSecret` that it was born with. It comes
   * before `acknowledged`, so before any client does, and whenever they are rotated.
   */
  'ticket-keys': { keys: text },
  /** Follows `hello`: the worker may accept connections. Until then the primary may kill it, and no request is lost. */
  acknowledged: {},
  /** The worker is the leader from now on, until it drains. */
  elected: {},
  /** The worker holds more than its share: it is to give back so many connections. */
  shed: { connections: number },
  /** The whole service is about to stop: the worker still serves, but its readiness is false. */
  leave: {},
  /**
   * `final`: no worker accepts connections after this one. `isLastOfSlot`: none accepts after it from the sockets that its slot has for
   * itself.
   */
  drain: { final: boolean, isLastOfSlot: flag, idleMs: number, graceMs: number },
  /** Another worker, or the primary, has broadcast it. `json`: the data. */
  deliver: { topic: text, json: text },
  /** To the `request` with the same id. */
  response: { id: number, value: anything },
};

export type PrimaryMessage = MessageOf<typeof MESSAGES>;

export const parsePrimaryMessage = parserOf(MESSAGES);
