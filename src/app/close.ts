// Closes the app, so that its onClose hooks run, but waits no longer than closeMs.
import { setTimeout } from 'node:timers/promises';
import { attempt } from '../attempt.ts';
import type { ServableApp } from './app.ts';
import { logError } from './log-error.ts';

/** False if it failed, or took too long. */
export async function close(app: ServableApp, closeMs: number): Promise<boolean> {
  const closed = new AbortController();
  const tooLong = setTimeout(closeMs, 'too long', { signal: closed.signal });
  try {
    if ((await Promise.race([app.close(), tooLong])) !== 'too long') return true;
    attempt(() => app.log.error({ closeMs }, 'app.close() took longer than closeMs'));
  } catch (error) {
    logError(app.log, error, 'app.close() failed');
  } finally {
    closed.abort();
    // The abort rejects it, and nothing else handles that.
    await tooLong.catch(() => undefined);
  }
  return false;
}
