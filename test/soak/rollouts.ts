// What the log of a primary says of its rollouts, and of how many workers were ready.
import { census } from '../helpers/census.ts';
import type { LogLine } from '../helpers/service.ts';
import type { Gap } from './attribution.ts';
import { timeOf } from './exits.ts';
import { entryOf } from './release-troubles.ts';

/** How many rollouts had which outcome. */
export function outcomesOf(logs: readonly (readonly LogLine[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const add = (outcome: string, count = 1): void => {
    if (count > 0) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
  };
  for (const log of logs) {
    let open = 0;
    for (const { msg, reason } of log) {
      if (msg === 'rollout started') open += 1;
      const outcome = /^rollout (completed|aborted|superseded)$/.exec(msg)?.[1];
      if (outcome === undefined) continue;
      add(outcome === 'aborted' ? `aborted: ${String(reason)}` : outcome);
      open -= 1;
    }
    add('ended with the primary', open);
  }
  return counts;
}

/** Entry files of broken releases whose rollout completed. */
export function wronglyCompleted(
  log: readonly LogLine[],
  works: (entry: string) => boolean,
): readonly string[] {
  const entries = new Map<number, string>();
  for (const line of log) {
    if (line.msg === 'rollout started') {
      entries.set(Number(Reflect.get(Object(line['to']), 'id')), String(entryOf(line)));
    }
  }
  return log.flatMap(({ msg, generation }) => {
    const entry = entries.get(Number(generation));
    return msg === 'rollout completed' && entry !== undefined && !works(entry) ? [entry] : [];
  });
}

/** The longest time without a ready worker, from the first `worker ready` until the shutdown. */
export function unreadyMs(log: readonly LogLine[]): number {
  return Math.max(0, ...unready(log).map(({ from, until }) => until - from));
}

/**
 * The times without a ready worker that ended with one, from the first `worker ready` until the shutdown.
 * @param killedAt when the primary was killed: one that it did not see the end of ends then
 */
export function unready(log: readonly LogLine[], killedAt?: number): readonly Gap[] {
  const stopping = log.findIndex(({ msg }) => msg === 'stopping');
  const served = stopping < 0 ? log : log.slice(0, stopping);
  const times: Gap[] = [];
  let since: number | undefined;
  let began = false;
  census(served).forEach(({ ready }, index) => {
    const line = served[index];
    if (line === undefined) return;
    began ||= ready > 0;
    if (ready > 0 || !began) {
      if (since !== undefined) times.push({ from: since, until: timeOf(line) });
      since = undefined;
    } else {
      since ??= timeOf(line);
    }
  });
  if (since !== undefined && killedAt !== undefined) times.push({ from: since, until: killedAt });
  return times;
}
