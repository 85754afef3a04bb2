// For each lost request: who had accepted its connection, and does the death of that worker explain the loss?
import type { Loss } from '../helpers/load-client.ts';
import type { Death } from './deaths.ts';

/** A connection that a worker wrote down, by the client's port. */
export interface Accept {
  readonly pid: number;
  readonly port: number;
  readonly at: number;
}

/** From the kill of a primary until the first worker of the next one was ready. */
export interface Gap {
  readonly from: number;
  readonly until: number;
}

export type Verdict =
  | { readonly type: 'accepted by a worker that died'; readonly death: Death }
  /** It died within the very accept, before it could write it down. Once a death at the most. */
  | { readonly type: 'accepted by nobody known, at a death'; readonly death: Death }
  | { readonly type: 'refused while there was no primary' }
  /** Not accepted by anybody yet when the last of the killed primary's workers let go of the socket. */
  | { readonly type: 'queued while there was no primary' }
  | { readonly type: 'unexplained'; readonly why: string };

export type Finding = { readonly loss: Loss } & Verdict;

export interface Account {
  readonly losses: readonly Loss[];
  readonly accepts: readonly Accept[];
  readonly deaths: readonly Death[];
  readonly gaps: readonly Gap[];
}

/** The losses in the order of their fates. */
export function attribute({ losses, accepts, deaths, gaps }: Account): readonly Finding[] {
  const byPort = new Map<number, Accept[]>();
  for (const accept of accepts) byPort.set(accept.port, [...(byPort.get(accept.port) ?? []), accept]);
  const violent = deaths.filter(({ kind }) => kind === 'violent');
  const withinAccept = new Set<Death>();
  return losses
    .toSorted((a, b) => fateTime(a) - fateTime(b))
    .map((loss) => {
      const accept = acceptOf(loss, byPort);
      const verdict =
        accept === undefined
          ? judgeUnaccepted(loss, violent, gaps, withinAccept)
          : judge(loss, accept, violent);
      if (verdict.type === 'accepted by nobody known, at a death') withinAccept.add(verdict.death);
      return { loss, ...verdict };
    });
}

/** Ports are used again: the latest accept before the fate, and none from before this connection was opened. */
function acceptOf(loss: Loss, byPort: ReadonlyMap<number, readonly Accept[]>): Accept | undefined {
  if (loss.localPort === undefined) return undefined;
  return byPort
    .get(loss.localPort)
    ?.filter(({ at }) => at >= openedTime(loss) && at <= fateTime(loss))
    .toSorted((a, b) => a.at - b.at)
    .at(-1);
}

function judge(loss: Loss, { pid, at }: Accept, violent: readonly Death[]): Verdict {
  if (loss.fate !== 'reset' && loss.fate !== 'cut') {
    return unexplained(`worker ${pid} had accepted it; no death explains this fate`);
  }
  if (loss.worker !== undefined && loss.worker !== String(pid)) {
    return unexplained(`worker ${pid} wrote the connection down, but ${loss.worker} had answered on it`);
  }
  // The next death of that pid: a long soak may see the same number again.
  const death = violent.filter((other) => other.pid === pid && other.until >= at).at(0);
  if (death === undefined) return unexplained(`worker ${pid} had accepted it, and no trouble killed it`);
  if (fateTime(loss) < death.from) {
    return unexplained(
      `worker ${pid} had accepted it, and died ${death.from - fateTime(loss)} ms later only`,
    );
  }
  return { type: 'accepted by a worker that died', death };
}

function judgeUnaccepted(
  loss: Loss,
  violent: readonly Death[],
  gaps: readonly Gap[],
  withinAccept: ReadonlySet<Death>,
): Verdict {
  const inGap = gaps.some(({ from, until }) => openedTime(loss) <= until && fateTime(loss) >= from);
  if (loss.fate === 'refused') {
    return inGap
      ? { type: 'refused while there was no primary' }
      : unexplained('refused although there was a primary');
  }
  if (loss.fate !== 'reset') return unexplained('no death explains this fate');
  if (loss.requestOnConnection > 1) return unexplained('answered before, but written down by nobody');
  if (inGap) return { type: 'queued while there was no primary' };
  const death = violent.find(
    (candidate) =>
      !withinAccept.has(candidate) && openedTime(loss) <= candidate.until && fateTime(loss) >= candidate.from,
  );
  return death === undefined
    ? unexplained('written down by nobody, and nobody died then')
    : { type: 'accepted by nobody known, at a death', death };
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
