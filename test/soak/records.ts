// What the workers recorded in files: the connections they accepted, how they ended their own processes, and when they led.
import fs from 'node:fs';
import path from 'node:path';
import type { Accept } from './attribution.ts';
import type { OwnExit } from './exits.ts';

export interface Records {
  readonly accepts: readonly Accept[];
  /** Those of the further server: to another port, a client may have the same port at the same time. */
  readonly furtherAccepts: readonly Accept[];
  readonly ownExits: readonly OwnExit[];
  readonly terms: readonly Term[];
}

/** A worker became the leader. */
export interface Term {
  readonly pid: number;
  readonly at: number;
  /** Another worker of the same primary that was still the leader. */
  readonly rival: number | null;
}

/** As the service writes it. */
const ALONE = 'alone';

/** Only the accepts of these ports: a soak of hours records millions of them. */
export function readRecords(folder: string, ports: ReadonlySet<number>): Records {
  const accepts: Accept[] = [];
  const furtherAccepts: Accept[] = [];
  const ownExits: OwnExit[] = [];
  const terms: Term[] = [];
  for (const file of fs.readdirSync(folder)) {
    const pid = Number(file);
    for (const line of fs.readFileSync(path.join(folder, file), 'utf8').split('\n')) {
      const [, what, at, detail = ''] =
        /^(accepted|accepted further|exiting|leading) (\d+) (.*)$/.exec(line) ?? [];
      if (what === 'exiting') ownExits.push({ pid, how: detail, at: Number(at) });
      if (what === 'leading') {
        terms.push({ pid, at: Number(at), rival: detail === ALONE ? null : Number(detail) });
      }
      if (what?.startsWith('accepted') && ports.has(Number(detail))) {
        const list = what === 'accepted' ? accepts : furtherAccepts;
        list.push({ pid, port: Number(detail), at: Number(at) });
      }
    }
  }
  return { accepts, furtherAccepts, ownExits, terms };
}
