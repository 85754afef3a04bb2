// Closes the app, so that its onClose hooks run, but not for longer than closeMs.
import { setTimeout } from 'node:timers/promises';
import { attempt } from '../attempt.ts';
import type { ServableApp } from './app.ts';
import { logError } from './log-error.ts';

/** False: it failed, or it took too long. */
export async function close(app: ServableApp, closeMs: number): Promise<boolean> {
  const patience = new AbortController();
  const tooLong = setTimeout(closeMs, 'too long', { signal: patience.signal });
  try {
    if ((await Promise.race([app.close(), tooLong])) !== 'too long') return true;
    attempt(() => app.log.error({ closeMs }, 'app.close() took longer than closeMs'));
  } catch (error) {
    logError(app.log, error, 'app.close() failed');
  } finally {
    patience.abort();
    // Its rejection is of no interest.
    await tooLong.catch(() => undefined);
  }
  return false;
}
