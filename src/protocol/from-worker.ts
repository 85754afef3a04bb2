// The messages that a worker sends to the primary.
import { countIfKnown, flag, number, parserOf, text } from './declare.ts';
import type { MessageOf } from './declare.ts';
import { parseErrorInfo } from './error-info.ts';
import { heldHandlers } from './held-handlers.ts';
import { names } from './names.ts';
import { requestName } from './requests.ts';

const MESSAGES = {
  /** The first message: from now on the worker receives messages. It must not accept connections before `acknowledged`. */
  hello: { protocol: number },
  /** A debugger is open while the worker boots, and may stop it before it is ready. May be the first message. */
  debugged: {},
  /** The worker listens. `secure`: by TLS. */
  ready: { secure: flag },
  /**
   * The event loop of the worker is alive. `debugged`: a debugger is open, and may stop it. `connections`: how many in use it
   * holds, if it counts them.
   */
  heartbeat: { debugged: flag, connections: countIfKnown },
  /** Its boot failed, or an error was thrown that nothing caught. The worker drains and exits by itself, with code 1. */
  failing: { error: parseErrorInfo },
  /** The worker asks to be replaced. */
  retire: {},
  /** It was the leader, drains, and has stopped what only the leader does. Also the answer to `elected` if it drains already. */
  steppedDown: {},
  /** Its grace was over, and it has cut what was under way: so many requests, and upgraded connections. */
  'connections-cut': { requests: number, upgraded: number },
  /** For all other workers. `json`: the data. */
  broadcast: { topic: text, json: text },
  /** The worker holds back these exit handlers of its app. */
  'handlers-held': { handlers: heldHandlers },
  /** No server of the worker has taken these names of endpoints. */
  'endpoints-unserved': { names },
  /** The primary sends a `response` with the same id. */
  request: { id: number, name: requestName },
};

export type WorkerMessage = MessageOf<typeof MESSAGES>;

export const parseWorkerMessage = parserOf(MESSAGES);
