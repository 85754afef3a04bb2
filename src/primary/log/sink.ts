// Writes to standard output without ever blocking this process, however slowly it is read.
import fs from 'node:fs';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { immediateWriter } from '../../process/write-now.ts';
import type { ImmediateWriter } from '../../process/write-now.ts';

/** Settles when all bytes are written; rejects if they cannot be. Must not be called while another call is pending. */
export type Sink = (bytes: Buffer) => Promise<void>;

export function openSink(): Sink {
  const { stdout } = process;
  const writer = immediateWriter(stdout);
  return writer === null ? (bytes) => writeToFile(stdout.fd, bytes) : (bytes) => writeToReader(writer, bytes);
}

/** POSIX's PIPE_BUF: a pipe takes a piece of up to this size as a whole or not at all, so no other line gets into it. */
export const PIECE_BYTES = 4_096;

/** After which time a pipe that was full is tried again, in ms. */
const RETRY_MS = 50;

async function writeToReader(writer: ImmediateWriter, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    try {
      start += writer.write(bytes.subarray(start, start + PIECE_BYTES));
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== 'EAGAIN') throw error;
      // Unref'd: it must not keep a process alive that has nothing else to do.
      await setTimeout(RETRY_MS, undefined, { ref: false });
    }
  }
}

const write = promisify(fs.write);

/** Not for pipes: a write that waits in libuv's thread pool delays even process.exit(). */
async function writeToFile(fd: number, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.length;) start += (await write(fd, bytes, start)).bytesWritten;
}
