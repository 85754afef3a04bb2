// Writes to stdout and stderr that never wait for the reader.
import fs from 'node:fs';

export interface ImmediateWriter {
  /** Writes what there is room for at once, and returns how many bytes that is. @throws EAGAIN: there is no room */
  write(bytes: Buffer): number;
  close(): void;
}

interface StreamHandle {
  setBlocking(blocking: boolean): number;
}

/**
 * Null for a file or a device: it has no reader that could stall.
 *
 * Whether a write blocks is a flag of the open file (O_NONBLOCK), which every process that inherited it shares, and libuv
 * clears it whenever a child inherits it. So a pipe or a terminal is opened a second time, as an open file of our own.
 * A socket cannot be opened again, nor can a terminal that belongs to another user (behind su): there the flag is set
 * right before each write.
 */
export function immediateWriter(
  stream: NodeJS.WriteStream & { readonly fd: number },
): ImmediateWriter | null {
  const handle: StreamHandle | null | undefined = Reflect.get(stream, '_handle');
  if (typeof handle?.setBlocking !== 'function') return null;
  const own = reopen(stream.fd);
  if (own !== null) {
    return { write: (bytes) => fs.writeSync(own, bytes), close: () => fs.closeSync(own) };
  }
  return {
    write(bytes) {
      handle.setBlocking(false);
      try {
        return fs.writeSync(stream.fd, bytes);
      } finally {
        // Node keeps terminals blocking: otherwise libuv retries in a busy loop.
        if (stream.isTTY) handle.setBlocking(true);
      }
    },
    close: () => undefined,
  };
}

/** Null if it cannot be opened again. Only Linux can. */
function reopen(fd: number): number | null {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return null;
  }
}
