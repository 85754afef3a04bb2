// Section: the control socket.
import { group, invalid, text, withDefault } from './checks.ts';
import type { Check, ChecksOf, Runtime } from './checks.ts';

/**
 * The control socket, over which `fastify-clustered restart` and the like reach the service.
 * @throws FST_CLUSTERED_LISTEN_FAILED: somebody listens there, the path is no socket's, or this user may not create it
 */
export interface ControlOptions {
  /**
   * Where the primary opens its control socket, a Unix socket that only the user of the service can connect to (mode 0600). A
   * relative path is relative to the directory in which the service was started. The socket of a process that was killed is
   * replaced. `null`: there is none.
   * @default null
   */
  path?: string | null | undefined;
}

/** A path that begins with a zero byte has no file, and so no mode: https://man7.org/linux/man-pages/man7/unix.7.html */
const checkPath: Check<string | null> = Object.assign(
  (value: unknown, name: string, runtime: Runtime) => {
    if (value === null) return null;
    const path = text(value, name, runtime);
    if (path.includes('\0')) throw invalid(name, value, 'the path of a file');
    return path;
  },
  { read: text.read },
);

export const checkControl = group({
  path: withDefault(() => null, checkPath),
} satisfies ChecksOf<ControlOptions>);
