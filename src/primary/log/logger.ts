// Creates the primary's log. It never throws; and with a logger of our own it never blocks the primary either.
import process from 'node:process';
import type { DestinationStream } from 'pino';
import type { ClusteredLogger, Settings } from '../../options/index.ts';
import { LINES_MISSING, guard } from './guard.ts';
import { isJournal, withPriority } from './journal.ts';
import type { Output } from './output.ts';
import type { PrimaryLogger } from './guard.ts';
import { readable } from './readable.ts';

export interface PrimaryLog extends PrimaryLogger {
  /** Settles when all lines are written, or the time for that is over. Never rejects. */
  flush(): Promise<void>;
}

/** How long the last lines may take, in ms. A shutdown with the default times stays below the 10 s of `docker stop`. */
export const FLUSH_MS = 500;

const SILENT: PrimaryLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const NAME = 'fastify-clustered';

/** Loads pino only if the options bring no logger. */
export async function createLog(logger: Settings['logger']): Promise<PrimaryLog> {
  if (logger === false) return withoutOutput(SILENT);
  if (isLogger(logger)) return withoutOutput(guard(logger.child({ name: NAME })));
  const options = { name: NAME, ...(logger === true ? {} : logger) };
  const { pino } = await import('pino');
  // A transport writes from a thread of its own.
  if (options.transport !== undefined) return withoutOutput(guard(pino(options)));
  const { Output } = await import('./output.ts');
  const output = new Output((missing) => log.error({ missing }, LINES_MISSING));
  const log = guard(pino(options, destinationOf(output)));
  return { ...log, flush: () => output.flush(FLUSH_MS) };
}

function destinationOf(output: Output): DestinationStream {
  if (process.stdout.isTTY) return { write: (line) => output.write(readable(line)) };
  if (!isJournal(process.stdout.fd, process.env['JOURNAL_STREAM'])) return output;
  // Pino then sets `lastLevel` before each write: https://getpino.io/#/docs/api?id=metadata
  const journal = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write: (line: string): void => output.write(withPriority(line, journal.lastLevel)),
  };
  return journal;
}

/** For a logger that writes its lines by itself. */
function withoutOutput(log: PrimaryLogger): PrimaryLog {
  return { ...log, flush: async () => undefined };
}

function isLogger(logger: Settings['logger']): logger is ClusteredLogger {
  return typeof logger === 'object' && 'child' in logger;
}
