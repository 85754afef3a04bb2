// The settings that the bench gives every contender, and the messages that it expects.
import process from 'node:process';

export const HOST = '127.0.0.1';
export const PORT = Number(process.env['PORT']);
export const WORKERS = Number(process.env['WORKERS']);

/** Called in the process that the bench has started, not in workers. It does not outlive the bench. */
export function announceReady() {
  process.once('disconnect', () => process.exit(1));
  process.send?.({ type: 'ready' });
}

/** A later worker: after a rollout, or after a crash. */
export function announceWorker() {
  process.send?.({ type: 'worker-ready' });
}
