// Writes to standard output and error that never wait for whoever reads.
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
 * Null: it is a file or a device, of which no reader can stall.
 *
 * Whether a write waits is a flag of the open file, which all who inherited it share; libuv takes it away again whenever
 * a child inherits it. So a pipe or a terminal is opened anew. A socket cannot be, nor what belongs to another user (a
 * terminal, behind su): there the flag is set right before each write.
 */
export function immediateWriter(
  stream: NodeJS.WriteStream & { readonly fd: number },
): ImmediateWriter | null {
  const handle: StreamHandle | null | undefined = Reflect.get(stream, '_handle');
  if (typeof handle?.setBlocking !== 'function') return null;
  const own = openAnew(stream.fd);
  if (own !== null) {
    return { write: (bytes) => fs.writeSync(own, bytes), close: () => fs.closeSync(own) };
  }
  return {
    write(bytes) {
      handle.setBlocking(false);
      try {
        return fs.writeSync(stream.fd, bytes);
      } finally {
        // As Node has it: libuv itself would try again and again.
        if (stream.isTTY) handle.setBlocking(true);
      }
    },
    close: () => undefined,
  };
}

/** Null: it cannot be, or not on this system. */
function openAnew(fd: number): number | null {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return null;
  }
}
