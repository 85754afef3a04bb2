// Writes to standard output in such a way that this process never waits for whoever reads it.
import fs from 'node:fs';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { immediateWriter } from '../../process/write-now.ts';
import type { ImmediateWriter } from '../../process/write-now.ts';

/** Settles when all of it is written; rejects when it cannot be. To be called with no other call under way. */
export type Sink = (bytes: Buffer) => Promise<void>;

export function openSink(): Sink {
  const { stdout } = process;
  const writer = immediateWriter(stdout);
  return writer === null ? (bytes) => writeToFile(stdout.fd, bytes) : (bytes) => writeToReader(writer, bytes);
}

/** POSIX's PIPE_BUF: up to this size a pipe takes all of it or nothing, so that no other line can come in between. */
export const PIECE_BYTES = 4_096;

/** How soon a reader that stalls is tried again, in ms. */
const RETRY_MS = 50;

async function writeToReader(writer: ImmediateWriter, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    try {
      start += writer.write(bytes.subarray(start, start + PIECE_BYTES));
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== 'EAGAIN') throw error;
      // A process that has nothing else to do is not kept alive by it.
      await setTimeout(RETRY_MS, undefined, { ref: false });
    }
  }
}

const write = promisify(fs.write);

/** A write that had to wait in libuv's pool would hold up even process.exit(): so this is not for pipes. */
async function writeToFile(fd: number, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.length;) start += (await write(fd, bytes, start)).bytesWritten;
}
