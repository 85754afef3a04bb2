// Wraps a logger that may throw in one that never does: a bug in it, or a full disk, must not harm the fleet.
import { toErrorInfo } from '../../protocol/error-info.ts';
import type { ClusteredLogger } from '../../options/index.ts';
import { writeToStderr } from '../../process/stderr.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** The methods that the primary logs with. */
export type PrimaryLogger = Pick<ClusteredLogger, Level>;

/** The message of the line that says how many lines are missing. */
export const LINES_MISSING = 'log lines missing';

/** A line on which the logger fails is lost, but counted. The next line that it accepts is followed by the count. */
export function guard(logger: PrimaryLogger): PrimaryLogger {
  let missing = 0;
  let isReported = false;
  const fail = (error: unknown): void => {
    missing += 1;
    if (isReported) return;
    isReported = true;
    // The log itself cannot say it.
    writeToStderr('the logger fails, so log lines are missing', toErrorInfo(error));
  };
  const write = (level: Level, details: object, message: string): void => {
    // Its type says void, but an asynchronous logger may return a promise.
    Promise.resolve<unknown>(logger[level](details, message)).catch(fail);
  };
  const log = (level: Level, details: object, message: string): void => {
    try {
      write(level, details, message);
      if (missing === 0) return;
      write('error', { missing }, LINES_MISSING);
      missing = 0;
    } catch (error) {
      fail(error);
    }
  };
  // Destinations of pino that write later, in a thread or asynchronously, report a failure by an event.
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

/** The stream that a pino logger writes to, whichever copy of pino made the logger: https://getpino.io/#/docs/api?id=pino-symbols */
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
