// What the workers recorded in files: the connections they accepted, and how they ended their own processes.
import fs from 'node:fs';
import path from 'node:path';
import type { Accept } from './attribution.ts';
import type { OwnExit } from './exits.ts';

export interface Records {
  readonly accepts: readonly Accept[];
  readonly ownExits: readonly OwnExit[];
}

/** Only the accepts of these ports: a soak of hours records millions of them. */
export function readRecords(folder: string, ports: ReadonlySet<number>): Records {
  const accepts: Accept[] = [];
  const ownExits: OwnExit[] = [];
  for (const file of fs.readdirSync(folder)) {
    const pid = Number(file);
    for (const line of fs.readFileSync(path.join(folder, file), 'utf8').split('\n')) {
      const [, what, at, detail = ''] = /^(accepted|exiting) (\d+) (.*)$/.exec(line) ?? [];
      if (what === 'exiting') ownExits.push({ pid, how: detail, at: Number(at) });
      if (what === 'accepted' && ports.has(Number(detail))) {
        accepts.push({ pid, port: Number(detail), at: Number(at) });
      }
    }
  }
  return { accepts, ownExits };
}
