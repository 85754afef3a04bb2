// Reads a small file of the system, such as those of /proc, in which a file may be missing, or forbidden.
import fs from 'node:fs';
import { attempt } from '../attempt.ts';

/** Undefined: there is no such file, or it cannot be read. */
export type ReadFile = (file: string) => string | undefined;

export function readFile(file: string): string | undefined {
  return attempt(() => fs.readFileSync(file, 'utf8'));
}
