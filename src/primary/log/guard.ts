// A logger that never throws, around one that may: a bug in it, or a full disk, must not harm the fleet.
import { toErrorInfo } from '../../error-info.ts';
import type { ClusteredLogger } from '../../options.ts';
import { writeToStderr } from '../../stderr.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** What the primary's own code logs with. */
export type PrimaryLogger = Pick<ClusteredLogger, Level>;

/** The message of the line that tells how many are missing. */
export const LINES_DROPPED = 'log lines dropped';

/** Lines that the logger throws at are lost, but counted: how many is told as soon as it takes one again. */
export function guard(logger: PrimaryLogger): PrimaryLogger {
  let dropped = 0;
  const log = (level: Level, details: object, message: string): void => {
    try {
      logger[level](details, message);
      if (dropped > 0) logger.warn({ dropped }, LINES_DROPPED);
      dropped = 0;
    } catch (error) {
      if (dropped === 0) writeToStderr('the logger throws, so log lines are lost', toErrorInfo(error));
      dropped += 1;
    }
  };
  return {
    debug: (details, message) => log('debug', details, message),
    info: (details, message) => log('info', details, message),
    warn: (details, message) => log('warn', details, message),
    error: (details, message) => log('error', details, message),
  };
}
