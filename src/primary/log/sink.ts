// Writes to standard output in such a way that this process never waits for whoever reads it.
import fs from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { unblock } from '../../unblock.ts';

/** Settles when all of it is written; rejects when it cannot be. To be called with no other call under way. */
export type Sink = (bytes: Buffer) => Promise<void>;

export function openSink(): Sink {
  const { stdout } = process;
  // Its callback tells the same error; without a listener it would end this process.
  stdout.on('error', () => undefined);
  return unblock(stdout) ? (bytes) => writeToStream(stdout, bytes) : (bytes) => writeToFile(stdout.fd, bytes);
}

/** POSIX's PIPE_BUF. If libuv finds room for anything in a pipe or a socket, it finds room for that much. */
export const PIECE_BYTES = 4_096;

async function writeToStream(stdout: NodeJS.WriteStream, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    await new Promise<void>((resolve, reject) => {
      unblock(stdout);
      stdout.write(bytes.subarray(start, start + PIECE_BYTES), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
}

const write = promisify(fs.write);

/** A write that had to wait in libuv's pool would hold up even process.exit(): so this is not for pipes. */
async function writeToFile(fd: number, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.length;) start += (await write(fd, bytes, start)).bytesWritten;
}
