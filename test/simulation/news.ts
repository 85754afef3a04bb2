// What observers are told of events, in words: what the ledger expects, and what the fleet announces.
import type { Announcement } from '../../src/fleet/command.ts';
import type { ErrorInfo } from '../../src/fleet/event.ts';
import type { Generation } from '../../src/fleet/fleet.ts';

interface Subject {
  readonly id: number;
  readonly slot: number;
  readonly generation: number;
}

export const news = {
  ready: (worker: Subject, bootMs: number) => `${name(worker)} is ready after ${bootMs} ms`,
  failing: (worker: Subject, { message }: ErrorInfo) => `${name(worker)} is failing: ${message}`,
  disconnected: (worker: Subject) => `${name(worker)} is disconnected`,
  exited: (worker: Subject, code: number | null, signal: string | null, expected: boolean) =>
    `${name(worker)} exited (${signal ?? code})${expected ? '' : ' unexpectedly'}`,
  cut: (worker: Subject, requests: number, upgraded: number) =>
    `${name(worker)} cut ${requests} requests and ${upgraded} upgraded connections`,
  steppedDown: (worker: Subject) => `${name(worker)} is not the leader any more`,
  forkFailed: (worker: Subject, { message }: ErrorInfo) => `the fork of ${name(worker)} failed: ${message}`,
  sizeChanged: (from: number, to: number) => `the size goes from ${from} to ${to}`,
  rolloutStarted: (from: Generation, to: Generation) =>
    `a rollout from ${release(from)} to ${release(to)} starts`,
  rolloutSuperseded: (generation: number, by: number) =>
    `the rollout of ${generation} is superseded by ${by}`,
};

/** Null: it is no news of an event, but of a decision. */
export function newsIn(announcement: Announcement): string | null {
  switch (announcement.type) {
    case 'worker-ready':
      return news.ready(announcement.worker, announcement.bootMs);
    case 'worker-failing':
      return news.failing(announcement.worker, announcement.error);
    case 'worker-disconnected':
      return news.disconnected(announcement.worker);
    case 'worker-exited': {
      const { worker, code, signal, expected } = announcement;
      return news.exited(worker, code, signal, expected);
    }
    case 'connections-cut':
      return news.cut(announcement.worker, announcement.requests, announcement.upgraded);
    case 'leader-stepped-down':
      return news.steppedDown(announcement.worker);
    case 'fork-failed':
      return news.forkFailed(announcement.worker, announcement.error);
    case 'size-changed':
      return news.sizeChanged(announcement.from, announcement.to);
    case 'rollout-started':
      return news.rolloutStarted(announcement.from, announcement.to);
    case 'rollout-superseded':
      return news.rolloutSuperseded(announcement.generation, announcement.by);
    case 'worker-forked':
    case 'worker-draining':
    case 'worker-killed':
    case 'connections-shed':
    case 'leader-elected':
    case 'respawn-delayed':
    case 'fleet-ready':
    case 'fleet-leaving':
    case 'fleet-stopping':
    case 'rollout-completed':
    case 'rollout-aborted':
      return null;
  }
}

function name({ id, slot, generation }: Subject): string {
  return `#${id} (slot ${slot}, generation ${generation})`;
}

function release({ id, entry, cwd }: Generation): string {
  return `${id} (${entry} in ${cwd})`;
}
