// An error that no logger takes goes to stderr. It never throws, and never waits for whoever should read it.
import process from 'node:process';
import type { ErrorInfo } from './error-info.ts';
import { attempt } from './show.ts';
import { unblock } from './unblock.ts';

/** What does not fit into a pipe that nobody empties is lost, as there is nobody who would miss it. */
export function writeToStderr(what: string, { name, message, stack }: ErrorInfo): void {
  attempt(() => {
    // Not fs.writeSync(2), which waits where a full pipe is a blocking one: this writes at once what fits, and returns.
    if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
    unblock(process.stderr);
    process.stderr.write(
      `fastify-clustered: ${what} (pid ${process.pid})\n${stack ?? `${name}: ${message}`}\n`,
    );
  });
}
