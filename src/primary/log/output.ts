// Writes lines to standard output without ever blocking, and without growing for ever when nobody reads them.
import fs from 'node:fs';
import process from 'node:process';
import sonicBoom from 'sonic-boom';
import type { SonicBoom } from 'sonic-boom';

export interface Output {
  /** Never blocks and never throws. What there is no room for is dropped. */
  write(line: string): void;
  /** How many lines were dropped since this was asked for the last time. */
  takeDropped(): number;
  /** Settles when all is written, or cannot be written in time; what comes later is lost. Never rejects. */
  close(deadlineMs: number): Promise<void>;
}

/** Some thousand lines: what a reader that pauses for a while can still have. */
const MOST_BYTES = 2 ** 20;

/** POSIX's PIPE_BUF: the workers write to the same pipe, and up to this size no write is torn by another. */
const ATOMIC_BYTES = 4_096;

/** @param recovered All that was waiting is written, so that there is room again. */
export function openOutput(recovered: () => void): Output {
  let dropped = 0;
  let isIdle = true;
  let isClosed = false;
  const sink = new sonicBoom.SonicBoom({
    fd: withoutBlocking(process.stdout.fd),
    sync: false,
    maxLength: MOST_BYTES,
    maxWrite: ATOMIC_BYTES,
    // A reader that stalls is asked again, but does not keep a process alive that has ended.
    retryEAGAIN: () => !isClosed,
  });
  sink.on('drop', () => (dropped += 1));
  // The disk is full, or the reader is gone: what waits is tried again with the next line.
  sink.on('error', () => undefined);
  sink.on('drain', () => {
    isIdle = true;
    if (!isClosed) recovered();
  });
  return {
    write(line) {
      if (isClosed) return;
      isIdle = false;
      sink.write(line);
    },
    takeDropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
    async close(deadlineMs) {
      if (isClosed) return;
      if (!isIdle) await drained(sink, deadlineMs);
      isClosed = true;
      // Not under a write that waits: by the time of its next try, the descriptor's number could be another file's.
      if (isIdle) sink.destroy();
    },
  };
}

function drained(sink: SonicBoom, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(deadline);
      resolve();
    };
    const deadline = setTimeout(over, deadlineMs);
    sink.once('drain', over);
    // It fails for good, or has failed before and is tried a last time.
    sink.once('error', over);
    sink.write('');
  });
}

/**
 * A descriptor on which a write fails with EAGAIN where it would have to wait. Otherwise it would wait in a thread of
 * libuv's pool, for which even process.exit() waits.
 *
 * A pipe or a terminal is opened anew, so that the flag is not shared with whoever else writes to it. A socket cannot be,
 * nor a pipe of another user's: of those Node sets the flag when it makes a stream of them.
 * https://nodejs.org/api/process.html#a-note-on-process-io
 */
function withoutBlocking(fd: number): number {
  const kind = fs.fstatSync(fd);
  if (kind.isFile()) return fd;
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return fd;
  }
}
