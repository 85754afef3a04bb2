// What the primary logs with: it can neither block the primary, if it is ours, nor throw, whosever it is.
import type { ClusteredLogger, Settings } from '../../options/index.ts';
import { LINES_MISSING, guard } from './guard.ts';
import type { PrimaryLogger } from './guard.ts';

export interface PrimaryLog extends PrimaryLogger {
  /** Settles when what was logged is written, or cannot be written in time. Never rejects. */
  flush(): Promise<void>;
}

/** How long the last lines may take, in ms. With the default times of a shutdown it stays below the 10 s of `docker stop`. */
const FLUSH_MS = 500;

const SILENT: PrimaryLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const NAME = 'fastify-clustered';

/** Pino is loaded only where no logger was passed. */
export async function createLog(logger: Settings['logger']): Promise<PrimaryLog> {
  if (logger === false) return withoutOutput(SILENT);
  if (isLogger(logger)) return withoutOutput(guard(logger.child({ name: NAME })));
  const options = { name: NAME, ...(logger === true ? {} : logger) };
  const { pino } = await import('pino');
  // It writes from a thread of its own, to wherever it is told.
  if (options.transport !== undefined) return withoutOutput(guard(pino(options)));
  const { Output } = await import('./output.ts');
  const output = new Output((missing) => log.error({ missing }, LINES_MISSING));
  const log = guard(pino(options, output));
  return { ...log, flush: () => output.flush(FLUSH_MS) };
}

/** Somebody else sees to it that what was logged is written. */
function withoutOutput(log: PrimaryLogger): PrimaryLog {
  return { ...log, flush: async () => undefined };
}

function isLogger(logger: Settings['logger']): logger is ClusteredLogger {
  return typeof logger === 'object' && 'child' in logger;
}
