// What must follow from the deaths of one step: a second opinion on aborts, backoff, and giving up.
import type { Policy } from '../../src/fleet/policy.ts';
import type { Known, Ledger } from './ledger.ts';

export interface Failure {
  readonly worker: Readonly<Known>;
  readonly wasReady: boolean;
}

/** What must have been counted, and until when to wait. */
export interface Backoff {
  earlyExits: number;
  notBefore: number;
}

/** Of a slot: of what is wanted and, apart from it, of what was settled before a rollout. */
export interface SlotPatience extends Backoff {
  readonly stopgap: Backoff;
}

export interface Verdict {
  /** The rollout that must abort now. */
  aborts: number | null;
  ends: 'boot-failed' | 'gave-up' | null;
  /** The slots that must wait, in order, and after how many early deaths. */
  readonly delays: { readonly slot: number; readonly earlyExits: number }[];
}

export function nothing(): Verdict {
  return { aborts: null, ends: null, delays: [] };
}

export function fresh(): SlotPatience {
  return { earlyExits: 0, notBefore: 0, stopgap: { earlyExits: 0, notBefore: 0 } };
}

/** The patience of the ledger's slots changes with it. */
export function judge(ledger: Ledger, deaths: readonly Failure[], policy: Policy): Verdict {
  const verdict = nothing();
  for (const death of deaths) {
    if (ledger.isRespawning && verdict.ends === null) judgeOne(ledger, verdict, death, policy);
  }
  return verdict;
}

function judgeOne(
  ledger: Ledger,
  verdict: Verdict,
  { worker, wasReady }: Failure,
  { respawn }: Policy,
): void {
  const target = verdict.aborts === null ? ledger.target : ledger.stable;
  const isWanted = worker.generation === target;
  if (target !== ledger.stable && !isWanted) {
    // It is not the new release that died: only what may have to serve meanwhile backs off.
    const stopgap = ledger.slots[worker.slot]?.stopgap;
    if (stopgap === undefined || ledger.phase !== 'running' || worker.generation !== ledger.stable) return;
    count(ledger, verdict, { worker, wasReady }, stopgap, respawn);
    return;
  }
  // Nobody waits for a boot that is not wanted any more.
  if (!wasReady && !isWanted) return;
  const patience = ledger.slots[worker.slot];
  const isSlowest =
    (patience?.earlyExits ?? -Infinity) + 1 >= respawn.maxEarlyExits &&
    isEarly(ledger, { worker, wasReady }, respawn);
  if (target !== ledger.stable && isWanted && (isSlowest || !ledger.isAvailable(worker))) {
    verdict.aborts = target;
    ledger.slots = ledger.slots.map(fresh);
    return;
  }
  if (ledger.phase === 'starting') {
    verdict.ends = 'boot-failed';
    return;
  }
  if (patience !== undefined) count(ledger, verdict, { worker, wasReady }, patience, respawn);
  const isHopeless = ledger.slots.every((slot) => slot.earlyExits >= respawn.maxEarlyExits);
  if (isHopeless && ledger.ready().length === 0) verdict.ends = 'gave-up';
}

function count(
  ledger: Ledger,
  verdict: Verdict,
  death: Failure,
  patience: Backoff,
  respawn: Policy['respawn'],
): void {
  patience.earlyExits = isEarly(ledger, death, respawn) ? patience.earlyExits + 1 : 0;
  patience.notBefore = ledger.now;
  const isSlowest = patience.earlyExits >= respawn.maxEarlyExits;
  if (!isSlowest && patience.earlyExits <= 1) return;
  verdict.delays.push({ slot: death.worker.slot, earlyExits: patience.earlyExits });
}

function isEarly(
  { now }: Ledger,
  { worker, wasReady }: Failure,
  { minUptimeMs }: Policy['respawn'],
): boolean {
  return !wasReady || now < worker.readyAt + minUptimeMs;
}
