// The messages that a worker sends to the primary.
import { flag, number, parserOf } from './declare.ts';
import type { MessageOf } from './declare.ts';
import { parseErrorInfo } from './error-info.ts';
import { requestName } from './requests.ts';

const MESSAGES = {
  /** The first message: from now on the worker receives messages. It must not accept connections before `acknowledged`. */
  hello: { protocol: number },
  /** The worker listens. `secure`: by TLS. */
  ready: { secure: flag },
  /** The event loop of the worker is alive. */
  heartbeat: {},
  /** Its boot failed, or an error was thrown that nothing caught. The worker drains and exits by itself, with code 1. */
  failing: { error: parseErrorInfo },
  /** The worker asks to be replaced. */
  retire: {},
  /** The primary sends a `response` with the same id. */
  request: { id: number, name: requestName },
};

export type WorkerMessage = MessageOf<typeof MESSAGES>;

export const parseWorkerMessage = parserOf(MESSAGES);
