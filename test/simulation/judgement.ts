// What must follow from the deaths of one step: a second opinion on aborts, backoff, and giving up.
import type { Policy } from '../../src/fleet/policy.ts';
import type { Known, Ledger } from './ledger.ts';

export interface Death {
  readonly worker: Readonly<Known>;
  readonly wasReady: boolean;
}

/** What must have been counted, and until when to wait. */
export interface Patience {
  earlyDeaths: number;
  notBefore: number;
}

/** Of a slot: of what is wanted and, apart from it, of what was settled before a rollout. */
export interface SlotPatience extends Patience {
  readonly stopgap: Patience;
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

export function fresh(): SlotPatience {
  return { earlyDeaths: 0, notBefore: 0, stopgap: { earlyDeaths: 0, notBefore: 0 } };
}

/** The patience of the ledger's slots changes with it. */
export function judge(ledger: Ledger, deaths: readonly Death[], policy: Policy): Verdict {
  const verdict = nothing();
  for (const death of deaths) {
    if (ledger.isRespawning && verdict.ends === null) judgeOne(ledger, verdict, death, policy);
  }
  return verdict;
}

function judgeOne(ledger: Ledger, verdict: Verdict, { worker, wasReady }: Death, { respawn }: Policy): void {
  const wanted = verdict.aborts === null ? ledger.wanted : ledger.settled;
  const isWanted = worker.generation === wanted;
  if (wanted !== ledger.settled && !isWanted) {
    // It is not the new release that died: only what may have to serve meanwhile backs off.
    const stopgap = ledger.slots[worker.slot]?.stopgap;
    if (stopgap === undefined || ledger.phase !== 'running' || worker.generation !== ledger.settled) return;
    count(ledger, verdict, { worker, wasReady }, stopgap, respawn);
    return;
  }
  // Nobody waits for a boot that is not wanted any more.
  if (!wasReady && !isWanted) return;
  const patience = ledger.slots[worker.slot];
  const isSlowest =
    (patience?.earlyDeaths ?? -Infinity) + 1 >= respawn.maxEarlyDeaths &&
    isEarly(ledger, { worker, wasReady }, respawn);
  if (wanted !== ledger.settled && isWanted && (isSlowest || !ledger.isProven(worker))) {
    verdict.aborts = wanted;
    ledger.slots = ledger.slots.map(fresh);
    return;
  }
  if (ledger.phase === 'starting') {
    verdict.ends = 'boot-failed';
    return;
  }
  if (patience !== undefined) count(ledger, verdict, { worker, wasReady }, patience, respawn);
  const isHopeless = ledger.slots.every((slot) => slot.earlyDeaths >= respawn.maxEarlyDeaths);
  if (isHopeless && ledger.ready().length === 0) verdict.ends = 'gave-up';
}

function count(
  ledger: Ledger,
  verdict: Verdict,
  death: Death,
  patience: Patience,
  respawn: Policy['respawn'],
): void {
  patience.earlyDeaths = isEarly(ledger, death, respawn) ? patience.earlyDeaths + 1 : 0;
  patience.notBefore = ledger.now;
  const isSlowest = patience.earlyDeaths >= respawn.maxEarlyDeaths;
  if (!isSlowest && patience.earlyDeaths <= 1) return;
  verdict.delays.push({ slot: death.worker.slot, earlyDeaths: patience.earlyDeaths });
}

function isEarly({ now }: Ledger, { worker, wasReady }: Death, { stableMs }: Policy['respawn']): boolean {
  return !wasReady || now < worker.readyAt + stableMs;
}
