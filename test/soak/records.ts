// What the workers wrote down of themselves: whom they accepted, and how they ended themselves.
import fs from 'node:fs';
import path from 'node:path';
import type { Accept } from './attribution.ts';
import type { Ending } from './deaths.ts';

export interface Records {
  readonly accepts: readonly Accept[];
  readonly endings: readonly Ending[];
}

/** Only the accepts of these ports: a soak of hours makes millions of them. */
export function readRecords(folder: string, ports: ReadonlySet<number>): Records {
  const accepts: Accept[] = [];
  const endings: Ending[] = [];
  for (const file of fs.readdirSync(folder)) {
    const pid = Number(file);
    for (const line of fs.readFileSync(path.join(folder, file), 'utf8').split('\n')) {
      const [, what, at, detail = ''] = /^(accepted|ending) (\d+) (.*)$/.exec(line) ?? [];
      if (what === 'ending') endings.push({ pid, how: detail, at: Number(at) });
      if (what === 'accepted' && ports.has(Number(detail))) {
        accepts.push({ pid, port: Number(detail), at: Number(at) });
      }
    }
  }
  return { accepts, endings };
}
