// Where and how it was measured, without which the figures mean nothing.
import os from 'node:os';
import process from 'node:process';

export interface Surroundings {
  readonly date: string;
  readonly command: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  /** Before the first run: what else the machine was doing. */
  readonly loadAverage: number;
}

export function surroundings(args: readonly string[]): Surroundings {
  return {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
    node: process.version,
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    loadAverage: os.loadavg()[0] ?? 0,
  };
}
