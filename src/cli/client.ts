// A client of the control socket: one connection, one request, its events and its outcome.
import net from 'node:net';
import { Lines } from '../net/lines.ts';
import { CONTROL_PROTOCOL } from '../protocol/control.ts';
import type { Command } from './arguments.ts';

export type Outcome =
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly code: unknown; readonly message: string }
  /** The service could not be asked, or did not answer. */
  | { readonly type: 'unreachable'; readonly why: string };

export interface Exchange {
  readonly path: string;
  readonly command: Command;
  /** Each line of the service's, as it came. */
  onLine?(line: string): void;
  onEvent(event: string, details: Readonly<Record<string, unknown>>): void;
  /** How long the service may take to say its first word, in ms: it may be stuck, or stopped. */
  readonly greetingMs?: number;
}

/** The status of a fleet of 1,024 workers is shorter by far. */
const MAX_REPLY = 16 * 2 ** 20;

/** Never rejects. */
export async function ask({
  path,
  command,
  onLine,
  onEvent,
  greetingMs = 10_000,
}: Exchange): Promise<Outcome> {
  const socket = net.connect(path);
  const lines = new Lines(MAX_REPLY);
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const fail = (why: string): void => settle({ type: 'unreachable', why });
    const timer = setTimeout(
      () => fail(`the service does not answer: nothing came within ${greetingMs} ms`),
      greetingMs,
    );
    let isGreeted = false;
    const take = (line: string): void => {
      const reply: Readonly<Record<string, unknown>> = Object(JSON.parse(line));
      if (!isGreeted) {
        isGreeted = true;
        clearTimeout(timer);
        if (reply['protocol'] !== CONTROL_PROTOCOL) {
          return fail(
            `the service speaks protocol ${String(reply['protocol'])}, and this program ${CONTROL_PROTOCOL}; use the one of the release that the primary was started from`,
          );
        }
        return void socket.write(`${JSON.stringify({ id: 1, ...command })}\n`);
      }
      onLine?.(line);
      if (typeof reply['event'] === 'string') return onEvent(reply['event'], Object(reply['details']));
      if ('result' in reply) return settle({ type: 'result', result: reply['result'] });
      const error: Readonly<Record<string, unknown>> = Object(reply['error']);
      settle({ type: 'error', code: error['code'], message: String(error['message']) });
    };
    socket.on('data', (piece: Buffer) => {
      try {
        for (const line of lines.push(piece)) take(line);
      } catch (error) {
        fail(`what came is not of the protocol: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    socket.on('error', (error) => fail(explain(error, path)));
    socket.on('close', () =>
      fail('the service closed the connection before the outcome was known; see its log'),
    );
  });
}

function explain(error: Error, path: string): string {
  switch (Reflect.get(error, 'code')) {
    case 'ENOENT':
      return `there is no control socket at ${path}: the service does not run, or has another control.path`;
    case 'ECONNREFUSED':
      return `nobody listens at ${path}: the service was killed`;
    case 'EACCES':
      return `only the user of the service may connect to ${path}`;
    default:
      return error.message;
  }
}
