// Who died of what: told from the log of a primary's life, from what the soak did, and from what workers wrote.
import type { LogLine } from '../helpers/service.ts';

/** A signal that the soak sent to a worker. */
export interface Act {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
  readonly at: number;
}

/** What a worker wrote down of itself just before it ended itself. */
export interface Ending {
  readonly pid: number;
  readonly how: string;
  readonly at: number;
}

export interface Death {
  readonly pid: number;
  readonly cause: string;
  /**
   * `violent`: in the middle of everything, so what it had accepted may be lost.
   * `orderly`: it drained, or had never served; nothing may be lost for it.
   * `unexplained`: nobody is known who wanted it.
   */
  readonly kind: 'violent' | 'orderly' | 'unexplained';
  /** It lived until then at least; and not longer than until then, when its end had been seen. */
  readonly from: number;
  readonly until: number;
}

/** What is known of one life of the primary. */
export interface Evidence {
  readonly log: readonly LogLine[];
  readonly acts: readonly Act[];
  readonly endings: readonly Ending[];
  /** When the primary was gone: whose end it has not told was dead soon after. */
  readonly over: number;
  /** Does this entry file belong to a release that hangs when it boots? */
  readonly hangs: (entry: string) => boolean;
}

const FATAL: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSEGV']);

/** Of those whose exit the primary told, and of those who died when there was no primary that could. */
export function deaths(evidence: Evidence): readonly Death[] {
  const told = evidence.log.flatMap((line, index) => {
    const pid = line.worker?.pid;
    const isExit = line.msg === 'worker exited' || line.msg === 'worker crashed';
    return isExit && typeof pid === 'number' ? [explain(pid, line, index, evidence)] : [];
  });
  const { over } = evidence;
  const untold = selfOrOurs(evidence)
    .filter((death) => !told.some(({ pid, until }) => pid === death.pid && until >= death.from))
    .map((death) => ({ ...death, until: Math.max(death.from, over) }));
  return [...told, ...untold];
}

function explain(pid: number, exit: LogLine, index: number, evidence: Evidence): Death {
  const until = timeOf(exit);
  const before = evidence.log.slice(0, index).filter(({ worker }) => worker?.pid === pid);
  // A long soak may see the same pid again.
  const past = before.slice(before.findLastIndex(({ msg }) => msg === 'worker forked'));
  const born = past[0] === undefined ? 0 : timeOf(past[0]);
  const violent = selfOrOurs(evidence).find(
    (death) => death.pid === pid && death.from >= born && death.from <= until,
  );
  if (violent !== undefined) return { ...violent, until };
  const killed = past.find(({ msg }) => msg === 'worker killed');
  if (killed !== undefined) return explainKill(pid, killed, until, evidence);
  const failing = past.find(({ msg }) => msg === 'worker failing');
  const draining = past.find(({ msg }) => msg === 'worker draining');
  const orderly = { pid, kind: 'orderly', from: until, until } as const;
  if (failing?.err?.message.startsWith('soak: ') === true) {
    return { ...orderly, cause: `uncaught: ${failing.err.message.slice(6)}` };
  }
  if (draining !== undefined && failing === undefined) {
    const cause = String(draining['cause']);
    // Before it has said hello it is killed, as there is nothing to be drained.
    if (exit['code'] === 0 || cause === 'cancelled') return { ...orderly, cause: `drained: ${cause}` };
  }
  const how = `code ${String(exit['code'])}, signal ${String(exit['signal'])}`;
  return { ...orderly, kind: 'unexplained', cause: `${how}, ${failing?.err?.message ?? 'nobody wanted it'}` };
}

function explainKill(pid: number, killed: LogLine, until: number, { log, acts, hangs }: Evidence): Death {
  const cause = String(killed['cause']);
  const stop = stopInForce(acts, pid, timeOf(killed));
  if (stop !== undefined) {
    return { pid, cause: `stopped, then killed: ${cause}`, kind: 'violent', from: stop.at, until };
  }
  const entry = entryOf(log, killed.worker?.generation);
  const wanted = cause === 'boot-timeout' && entry !== undefined && hangs(entry);
  const kind = wanted ? 'orderly' : 'unexplained';
  return { pid, cause: `killed: ${cause}`, kind, from: timeOf(killed), until };
}

/** Deaths that need no primary to be known. Their time is that of what caused them. */
function selfOrOurs({ acts, endings }: Evidence): readonly Death[] {
  const ours = acts.filter(({ signal }) => FATAL.has(signal));
  return [
    ...endings.map(({ pid, how, at }) => violentDeath(pid, how, at)),
    ...ours.map(({ pid, signal, at }) => violentDeath(pid, `${signal} by the soak`, at)),
  ].toSorted((a, b) => a.from - b.from);
}

function violentDeath(pid: number, cause: string, at: number): Death {
  return { pid, cause, kind: 'violent', from: at, until: at };
}

/** The SIGSTOP that was not followed by a SIGCONT before that time. */
export function stopInForce(acts: readonly Act[], pid: number, time: number): Act | undefined {
  const last = acts
    .filter((act) => act.pid === pid && act.at <= time)
    .findLast(({ signal }) => signal === 'SIGSTOP' || signal === 'SIGCONT');
  return last?.signal === 'SIGSTOP' ? last : undefined;
}

/** Of a generation; undefined for the first one of a life, which always works. */
function entryOf(log: readonly LogLine[], generation: number | undefined): string | undefined {
  for (const { msg, to } of log) {
    if (msg !== 'rollout started' || typeof to !== 'object' || to === null) continue;
    if (Reflect.get(to, 'id') === generation) return String(Reflect.get(to, 'entry'));
  }
  return undefined;
}

export function timeOf(line: LogLine): number {
  return Number(line['time']);
}
