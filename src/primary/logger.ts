// What the primary logs with. Pino is loaded only where no logger was brought.
import type { ClusteredLogger, Settings } from '../options.ts';

const SILENT: ClusteredLogger = {
  child: () => SILENT,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export async function createLogger(logger: Settings['logger']): Promise<ClusteredLogger> {
  if (logger === false) return SILENT;
  if (isLogger(logger)) return logger.child({ name: 'fastify-clustered' });
  const { pino } = await import('pino');
  return pino({ name: 'fastify-clustered', ...(logger === true ? {} : logger) });
}

function isLogger(logger: Settings['logger']): logger is ClusteredLogger {
  return typeof logger === 'object' && 'child' in logger;
}
