// What must follow from the deaths of one step: a second opinion on aborts, backoff, and giving up.
import type { Policy } from '../../src/fleet/policy.ts';
import type { Known, Ledger } from './ledger.ts';

export interface Death {
  readonly worker: Readonly<Known>;
  readonly wasReady: boolean;
}

/** What a slot must have counted, and until when it must wait. */
export interface Patience {
  earlyDeaths: number;
  notBefore: number;
}

export interface Verdict {
  /** The rollout that must abort now. */
  aborts: number | null;
  ends: 'boot-failed' | 'gave-up' | null;
  /** The slots that must wait, in order, and after how many early deaths. */
  readonly delays: { readonly slot: number; readonly earlyDeaths: number }[];
}

export function nothing(): Verdict {
  return { aborts: null, ends: null, delays: [] };
}

export function fresh(): Patience {
  return { earlyDeaths: 0, notBefore: 0 };
}

/** The patience of the ledger's slots changes with it. */
export function judge(ledger: Ledger, deaths: readonly Death[], policy: Policy): Verdict {
  const verdict = nothing();
  for (const death of deaths) {
    if (ledger.isServing && verdict.ends === null) judgeOne(ledger, verdict, death, policy);
  }
  return verdict;
}

function judgeOne(ledger: Ledger, verdict: Verdict, { worker, wasReady }: Death, { respawn }: Policy): void {
  const wanted = verdict.aborts === null ? ledger.wanted : ledger.settled;
  const isWanted = worker.generation === wanted;
  // Nobody waits for a boot that is not wanted any more, unless it is of what is known to work.
  const isStopgap = ledger.phase === 'running' && worker.generation === ledger.settled;
  if (!wasReady && !isWanted && !isStopgap) return;
  const patience = ledger.slots[worker.slot];
  const isEarly = !wasReady || ledger.now < worker.readyAt + respawn.stableMs;
  const earlyDeaths = isEarly ? (patience?.earlyDeaths ?? -Infinity) + 1 : 0;
  const isSlowest = earlyDeaths >= respawn.maxEarlyDeaths;
  if (wanted !== ledger.settled && isWanted && (isSlowest || !ledger.isProven(worker))) {
    verdict.aborts = wanted;
    ledger.slots = ledger.slots.map(fresh);
    return;
  }
  if (ledger.phase === 'starting') {
    verdict.ends = 'boot-failed';
    return;
  }
  if (patience !== undefined) {
    patience.earlyDeaths = earlyDeaths;
    patience.notBefore = ledger.now;
    if (isSlowest || earlyDeaths > 1) verdict.delays.push({ slot: worker.slot, earlyDeaths });
  }
  const isHopeless = ledger.slots.every((slot) => slot.earlyDeaths >= respawn.maxEarlyDeaths);
  if (isHopeless && ledger.ready().length === 0) verdict.ends = 'gave-up';
}
