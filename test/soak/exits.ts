// Why each worker exited: from the log of one primary, from the signals that the soak sent, and from the workers' records.
import type { LogLine } from '../helpers/service.ts';

/** A signal that the soak sent to a worker. */
export interface SentSignal {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
  readonly at: number;
}

/** What a worker recorded just before it ended its own process. */
export interface OwnExit {
  readonly pid: number;
  readonly how: string;
  readonly at: number;
}

export interface Exit {
  readonly pid: number;
  readonly cause: string;
  /**
   * `abrupt`: a crash or a kill, so requests that it had accepted may be lost.
   * `graceful`: it drained, or had never served; no request may be lost by it.
   * `unexplained`: nothing that the soak did caused it.
   */
  readonly kind: 'abrupt' | 'graceful' | 'unexplained';
  /** The process lived until `from` at least. By `until` the primary had seen its exit. */
  readonly from: number;
  readonly until: number;
}

/** What is known of the workers of one primary. */
export interface Evidence {
  readonly log: readonly LogLine[];
  readonly signals: readonly SentSignal[];
  readonly ownExits: readonly OwnExit[];
  /** When the primary was gone. A worker whose exit it could not log any more had exited soon after. */
  readonly over: number;
  /** Does this entry file belong to a release that hangs when it boots? */
  readonly hangs: (entry: string) => boolean;
}

const FATAL: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSEGV']);

/** The exits that the primary logged, and those that happened when there was no primary to log them. */
export function exitsOf(evidence: Evidence): readonly Exit[] {
  const logged = evidence.log.flatMap((line, index) => {
    const pid = line.worker?.pid;
    const isExit = line.msg === 'worker exited' || line.msg === 'worker crashed';
    return isExit && typeof pid === 'number' ? [explain(pid, line, index, evidence)] : [];
  });
  const { over } = evidence;
  const unlogged = abruptExits(evidence)
    .filter((exit) => !logged.some(({ pid, until }) => pid === exit.pid && until >= exit.from))
    .map((exit) => ({ ...exit, until: Math.max(exit.from, over) }));
  return [...logged, ...unlogged];
}

function explain(pid: number, line: LogLine, index: number, evidence: Evidence): Exit {
  const until = timeOf(line);
  const before = evidence.log.slice(0, index).filter(({ worker }) => worker?.pid === pid);
  // In a long soak the kernel may give the same pid to another worker.
  const history = before.slice(before.findLastIndex(({ msg }) => msg === 'worker forked'));
  const forkedAt = history[0] === undefined ? 0 : timeOf(history[0]);
  const abrupt = abruptExits(evidence).find(
    (exit) => exit.pid === pid && exit.from >= forkedAt && exit.from <= until,
  );
  if (abrupt !== undefined) return { ...abrupt, until };
  const killed = history.find(({ msg }) => msg === 'worker killed');
  if (killed !== undefined) return explainKill(pid, killed, until, evidence);
  const failing = history.find(({ msg }) => msg === 'worker failing');
  const draining = history.find(({ msg }) => msg === 'worker draining');
  const graceful = { pid, kind: 'graceful', from: until, until } as const;
  if (failing?.err?.message.startsWith('soak: ') === true) {
    return { ...graceful, cause: `uncaught: ${failing.err.message.slice(6)}` };
  }
  if (draining !== undefined && failing === undefined) {
    const cause = String(draining['cause']);
    // The primary kills a worker that has not said hello yet: there is nothing to drain.
    if (line['code'] === 0 || cause === 'cancelled') return { ...graceful, cause: `drained: ${cause}` };
  }
  const how = `code ${String(line['code'])}, signal ${String(line['signal'])}`;
  return { ...graceful, kind: 'unexplained', cause: `${how}, ${failing?.err?.message ?? 'cause unknown'}` };
}

function explainKill(pid: number, killed: LogLine, until: number, { log, signals, hangs }: Evidence): Exit {
  const cause = String(killed['cause']);
  const stop = stopInForce(signals, pid, timeOf(killed));
  if (stop !== undefined) {
    return { pid, cause: `stopped, then killed: ${cause}`, kind: 'abrupt', from: stop.at, until };
  }
  const entry = entryOf(log, killed.worker?.generation);
  const isExpected = cause === 'boot-timeout' && entry !== undefined && hangs(entry);
  const kind = isExpected ? 'graceful' : 'unexplained';
  return { pid, cause: `killed: ${cause}`, kind, from: timeOf(killed), until };
}

/** Exits that are known without the log of a primary, at the time of what caused them. */
function abruptExits({ signals, ownExits }: Evidence): readonly Exit[] {
  const fatal = signals.filter(({ signal }) => FATAL.has(signal));
  return [
    ...ownExits.map(({ pid, how, at }) => abruptExit(pid, how, at)),
    ...fatal.map(({ pid, signal, at }) => abruptExit(pid, `${signal} by the soak`, at)),
  ].toSorted((a, b) => a.from - b.from);
}

function abruptExit(pid: number, cause: string, at: number): Exit {
  return { pid, cause, kind: 'abrupt', from: at, until: at };
}

/** The SIGSTOP that was not followed by a SIGCONT before that time. */
export function stopInForce(
  signals: readonly SentSignal[],
  pid: number,
  time: number,
): SentSignal | undefined {
  const last = signals
    .filter((sent) => sent.pid === pid && sent.at <= time)
    .findLast(({ signal }) => signal === 'SIGSTOP' || signal === 'SIGCONT');
  return last?.signal === 'SIGSTOP' ? last : undefined;
}

/** Of a generation; undefined for the first one of a primary, which always works. */
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
