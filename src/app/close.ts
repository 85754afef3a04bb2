// Closes the app, so that its onClose hooks run, but waits no longer than closeMs.
import type net from 'node:net';
import process from 'node:process';
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

/**
 * Makes `server.close()` succeed although the server is closed: exit handlers of others call it, and some take it for a
 * failure that there is nothing to close (@godaddy/terminus skips its flush then, and exits with code 1).
 */
export function allowClosingAgain({ server }: ServableApp): void {
  const close = (callback: unknown): net.Server => {
    if (typeof callback === 'function') process.nextTick(() => Reflect.apply(callback, server, []));
    return server;
  };
  Reflect.set(server, 'close', close);
}
