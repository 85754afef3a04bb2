// A logger that never throws, around one that may: a bug in it, or a full disk, must not harm the fleet.
import { toErrorInfo } from '../../protocol/error-info.ts';
import type { ClusteredLogger } from '../../options/index.ts';
import { writeToStderr } from '../../process/stderr.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** What the primary's own code logs with. */
export type PrimaryLogger = Pick<ClusteredLogger, Level>;

/** The message of the line that tells how many are missing. */
export const LINES_MISSING = 'log lines missing';

/** Lines that the logger fails on are lost, but counted: how many is told as soon as it takes one again. */
export function guard(logger: PrimaryLogger): PrimaryLogger {
  let missing = 0;
  let isTold = false;
  const fail = (error: unknown): void => {
    missing += 1;
    if (isTold) return;
    isTold = true;
    // The log cannot tell it.
    writeToStderr('the logger fails, so log lines are missing', toErrorInfo(error));
  };
  const say = (level: Level, details: object, message: string): void => {
    // An asynchronous one may return a promise, though nobody asked for it.
    Promise.resolve<unknown>(logger[level](details, message)).catch(fail);
  };
  const log = (level: Level, details: object, message: string): void => {
    try {
      say(level, details, message);
      if (missing === 0) return;
      say('error', { missing }, LINES_MISSING);
      missing = 0;
    } catch (error) {
      fail(error);
    }
  };
  // Pino's destinations that write later, in a thread or asynchronously, tell by an event that they could not.
  streamOf(logger)?.on('error', fail);
  return {
    debug: (details, message) => log('debug', details, message),
    info: (details, message) => log('info', details, message),
    warn: (details, message) => log('warn', details, message),
    error: (details, message) => log('error', details, message),
  };
}

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): void;
}

/** Where a logger of pino's writes to, whichever copy of pino made it: https://getpino.io/#/docs/api?id=pino-symbols */
function streamOf(logger: object): Emitter | undefined {
  for (let owner: object | null = logger; owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    const symbol = Object.getOwnPropertySymbols(owner).find(
      ({ description }) => description === 'pino.stream',
    );
    if (symbol === undefined) continue;
    const stream: unknown = Reflect.get(owner, symbol);
    return isEmitter(stream) ? stream : undefined;
  }
  return undefined;
}

function isEmitter(stream: unknown): stream is Emitter {
  return typeof stream === 'object' && stream !== null && typeof Reflect.get(stream, 'on') === 'function';
}
