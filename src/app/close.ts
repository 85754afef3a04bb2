// Closes the app, so that its onClose hooks run, but waits no longer than closeMs.
import type net from 'node:net';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { attempt } from '../attempt.ts';
import type { ServableApp } from './app.ts';
import { logError } from './log-error.ts';
import { openPorts } from './open-ports.ts';

/**
 * False if it failed, or took longer than closeMs. That time begins when `drained` settles: until then the app may be busy with
 * its upgraded connections. Does not settle before `drained` has.
 */
export async function close(
  app: ServableApp,
  closeMs: number,
  drained: Promise<void> = Promise.resolve(),
): Promise<boolean> {
  const closed = new AbortController();
  const { signal } = closed;
  const tooLong = drained.then(() => setTimeout(closeMs, 'too long', { signal }));
  try {
    if ((await Promise.race([app.close(), tooLong])) !== 'too long') return true;
    attempt(() => app.log.error({ closeMs, ...explainWait(app) }, 'app.close() took longer than closeMs'));
  } catch (error) {
    logError(app.log, error, 'app.close() failed');
  } finally {
    closed.abort();
    // The abort rejects it once it is drained, and nothing else handles that.
    await tooLong.catch(() => undefined);
  }
  return false;
}

/** Mostly an onClose hook waits for a server that the app has opened beside its own, and whose connections nobody ends. */
function explainWait({ server }: ServableApp): object {
  const open = openPorts(server);
  return open.length === 0 ? {} : { open, explanation: WAITS_FOR_SERVER };
}

const WAITS_FOR_SERVER =
  'clients are still connected to servers that the app has opened itself, at the ports in `open`: a hook that closes such a ' +
  'server waits for them. Give the server to addServer(), and it is drained and closed before app.close()';

/**
 * Makes `server.close()` succeed although the server is closed: exit handlers of others call it, and some take it for a
 * failure that there is nothing to close (@godaddy/terminus skips its flush then, and exits with code 1).
 */
export function allowClosingAgain(server: net.Server): void {
  const close = (callback: unknown): net.Server => {
    if (typeof callback === 'function') process.nextTick(() => Reflect.apply(callback, server, []));
    return server;
  };
  Reflect.set(server, 'close', close);
}
