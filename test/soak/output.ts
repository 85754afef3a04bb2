// Where the primary writes its log: a pipe whose reader can stall, or a file whose disk can run full.
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { ServiceOptions } from '../helpers/service.ts';

export interface Output {
  /** How to start the service with it. */
  readonly options: Pick<ServiceOptions, 'stdout' | 'command'>;
  /** To be called once the service has started. */
  attach(stdout: Readable | null): void;
  block(): void;
  unblock(): void;
}

/** A reader that stalls, as a log shipper does. */
export function reader(): Output {
  let output: Readable | null = null;
  return {
    options: { stdout: 'unread' },
    attach(stdout) {
      output = stdout;
      output?.resume();
    },
    block: () => void output?.pause(),
    unblock: () => void output?.resume(),
  };
}

/** The largest file that the service may write, in bytes: far more than the records of workers. */
const LIMIT = 64 * 2 ** 20;

/** A disk that runs full. The limit of file sizes stands in for it: writes beyond it fail as well. */
export function disk(folder: string): Output {
  const file = path.join(folder, 'log');
  const stdout = fs.openSync(file, 'a');
  return {
    options: {
      stdout,
      command: (direct) => ['sh', '-c', `ulimit -f ${LIMIT / 512} && exec "$@"`, 'sh', ...direct],
    },
    attach: () => fs.closeSync(stdout),
    block: () => fs.truncateSync(file, LIMIT),
    unblock: () => fs.truncateSync(file, 0),
  };
}
