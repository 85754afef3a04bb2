// Standard output and error, so that a write to them never waits for whoever reads.

interface StreamHandle {
  setBlocking(blocking: boolean): number;
}

/**
 * To be called before each write: Node wants terminals to block, and libuv makes whatever a child inherits as its standard
 * output or error block again, for all who share it. What finds no room is written by libuv when there is some.
 *
 * False: it is a file or a device, of which no reader can stall.
 * https://nodejs.org/api/process.html#a-note-on-process-io
 */
export function unblock(stream: NodeJS.WriteStream): boolean {
  const handle: StreamHandle | null | undefined = Reflect.get(stream, '_handle');
  if (typeof handle?.setBlocking !== 'function') return false;
  handle.setBlocking(false);
  return true;
}
