// For each lost request: which worker had accepted its connection, and does the exit of that worker explain the loss?
import type { Loss } from '../helpers/load-report.ts';
import type { Exit } from './exits.ts';

/** A connection that a worker recorded, by the client's port. */
export interface Accept {
  readonly pid: number;
  readonly port: number;
  readonly at: number;
}

/** A time in which nobody may have held the socket. */
export interface Gap {
  readonly from: number;
  readonly until: number;
}

export type Verdict =
  | { readonly type: 'accepted by a worker that exited abruptly'; readonly exit: Exit }
  /** It exited between the accept and its record. That happens to one connection of an exit at most. */
  | { readonly type: 'not recorded, at an abrupt exit'; readonly exit: Exit }
  | { readonly type: 'refused while nobody held the socket' }
  /** Not accepted yet when the last process that held it closed the socket. */
  | { readonly type: 'queued when nobody held the socket any more' }
  | { readonly type: 'unexplained'; readonly why: string };

export type Finding = { readonly loss: Loss } & Verdict;

export interface Account {
  readonly losses: readonly Loss[];
  readonly accepts: readonly Accept[];
  readonly exits: readonly Exit[];
  readonly gaps: readonly Gap[];
}

/** The losses in the order of their fates. */
export function attribute({ losses, accepts, exits, gaps }: Account): readonly Finding[] {
  const byPort = new Map<number, Accept[]>();
  for (const accept of accepts) byPort.set(accept.port, [...(byPort.get(accept.port) ?? []), accept]);
  const abrupt = exits.filter(({ kind }) => kind === 'abrupt');
  const withinAccept = new Set<Exit>();
  return losses
    .toSorted((a, b) => fateTime(a) - fateTime(b))
    .map((loss) => {
      const accept = acceptOf(loss, byPort);
      const verdict =
        accept === undefined
          ? judgeUnrecorded(loss, abrupt, gaps, withinAccept)
          : judge(loss, accept, abrupt);
      if (verdict.type === 'not recorded, at an abrupt exit') withinAccept.add(verdict.exit);
      return { loss, ...verdict };
    });
}

/**
 * A socket that only workers hold is closed with the last of them, some time before the primary logs that it has gone: of one that
 * crashed, at the earliest when it was killed, or began to crash. That may take seconds: a heap that is full, a core that is dumped.
 */
export function closedWithin({ from, until }: Gap, exits: readonly Exit[]): Gap {
  const last = exits.filter(({ kind, until: logged }) => kind === 'abrupt' && logged === from);
  return { from: Math.min(from - LOGGED_AFTER_MS, ...last.map((exit) => exit.from)), until };
}

const LOGGED_AFTER_MS = 500;

/** Ports are used again: the latest accept before the fate, and none from before this connection was opened. */
function acceptOf(loss: Loss, byPort: ReadonlyMap<number, readonly Accept[]>): Accept | undefined {
  if (loss.localPort === undefined) return undefined;
  return byPort
    .get(loss.localPort)
    ?.filter(({ at }) => at >= openedTime(loss) && at <= fateTime(loss))
    .toSorted((a, b) => a.at - b.at)
    .at(-1);
}

function judge(loss: Loss, { pid, at }: Accept, abrupt: readonly Exit[]): Verdict {
  if (loss.fate !== 'reset' && loss.fate !== 'cut') {
    return unexplained(`worker ${pid} had accepted it; no exit explains this fate`);
  }
  if (loss.worker !== undefined && loss.worker !== String(pid)) {
    return unexplained(`worker ${pid} recorded the connection, but ${loss.worker} had answered on it`);
  }
  // The next exit of that pid: in a long soak the kernel may use the same number again.
  const exit = abrupt.filter((other) => other.pid === pid && other.until >= at).at(0);
  if (exit === undefined) return unexplained(`worker ${pid} had accepted it, and no trouble killed it`);
  if (fateTime(loss) < exit.from) {
    return unexplained(
      `worker ${pid} had accepted it, and exited only ${exit.from - fateTime(loss)} ms later`,
    );
  }
  return { type: 'accepted by a worker that exited abruptly', exit };
}

function judgeUnrecorded(
  loss: Loss,
  abrupt: readonly Exit[],
  gaps: readonly Gap[],
  withinAccept: ReadonlySet<Exit>,
): Verdict {
  const inGap = gaps.some(({ from, until }) => openedTime(loss) <= until && fateTime(loss) >= from);
  if (loss.fate === 'refused') {
    return inGap
      ? { type: 'refused while nobody held the socket' }
      : unexplained('refused although somebody held the socket');
  }
  if (loss.fate !== 'reset') return unexplained('no exit explains this fate');
  if (loss.requestOnConnection > 1) return unexplained('answered before, but recorded by no worker');
  if (inGap) return { type: 'queued when nobody held the socket any more' };
  const exit = abrupt.find(
    (candidate) =>
      !withinAccept.has(candidate) && openedTime(loss) <= candidate.until && fateTime(loss) >= candidate.from,
  );
  return exit === undefined
    ? unexplained('recorded by no worker, and no worker exited then')
    : { type: 'not recorded, at an abrupt exit', exit };
}

function unexplained(why: string): Verdict {
  return { type: 'unexplained', why };
}

function fateTime({ at }: Loss): number {
  return Date.parse(at);
}

function openedTime({ connectionOpenedAt }: Loss): number {
  return Date.parse(connectionOpenedAt);
}
