// What the primary logs with. Pino is loaded only where no logger was brought.
import process from 'node:process';
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
  const options = { name: 'fastify-clustered', ...(logger === true ? {} : logger) };
  // Synchronous: a supervisor says little, and its last words must not be lost, or out of order, when it ends.
  return options.transport === undefined
    ? pino(options, pino.destination({ dest: process.stdout.fd, sync: true }))
    : pino(options);
}

function isLogger(logger: Settings['logger']): logger is ClusteredLogger {
  return typeof logger === 'object' && 'child' in logger;
}
