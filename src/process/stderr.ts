// Writes an error that no logger takes to stderr. It never throws, and never waits for the reader.
import fs from 'node:fs';
import process from 'node:process';
import { attempt } from '../attempt.ts';
import type { ErrorInfo } from '../protocol/error-info.ts';
import { immediateWriter } from './write-now.ts';

/** What does not fit into a full pipe is lost: its reader does not read. */
export function writeToStderr(what: string, { name, message, stack }: ErrorInfo, pid = process.pid): void {
  write(`fastify-clustered: ${what} (pid ${pid})\n${stack ?? `${name}: ${message}`}\n`);
}

/** A line without an error. */
export function writeLine(what: string): void {
  write(`fastify-clustered: ${what} (pid ${process.pid})\n`);
}

function write(text: string): void {
  attempt(() => {
    const writer = immediateWriter(process.stderr);
    if (writer === null) return fs.writeSync(process.stderr.fd, text);
    try {
      return writer.write(Buffer.from(text));
    } finally {
      writer.close();
    }
  });
}
