// What became of the requests of a load: one fate for each, counted, the losses with their circumstances.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';

export const FATES = [
  /** A complete answer with a status below 500, which passed `check`. */
  'answered',
  /** No connection was established. */
  'refused',
  /** The connection was established, and ended before the first byte of an answer. */
  'reset',
  /** An answer began and was not what it announced: it ended early, ran past its end or was not HTTP. */
  'cut',
  /** No complete answer within `hungAfterMs`. */
  'hung',
  /** A complete answer with a 5xx status. */
  'serverError',
  /** A complete answer which failed `check`. */
  'wrongAnswer',
] as const;

export type Fate = (typeof FATES)[number];

/** All fates but one. */
export type LossFate = Exclude<Fate, 'answered'>;

export const LOSSES: readonly LossFate[] = FATES.filter((fate) => fate !== 'answered');

/** Why a client opened a connection; for a lost request, how the connection before it ended. */
export type OpenedBecause =
  | 'first request'
  | 'fresh connections'
  | 'the answer said Connection: close'
  | 'answered before the request was sent in full'
  | 'closed when idle'
  | 'reset when idle'
  | `previous request ${Fate}`;

export interface Loss {
  readonly fate: Fate;
  /** The error's code, or a description in its place. */
  readonly code: string;
  readonly status: number | undefined;
  readonly request: string;
  readonly number: number;
  readonly client: number;
  /** 1 for the first request on its connection. */
  readonly requestOnConnection: number;
  /** Undefined if there was no earlier response on this connection. */
  readonly sincePreviousResponseMs: number | undefined;
  readonly connectionOpenedBecause: OpenedBecause;
  readonly connectionOpenedAt: string;
  /** From sending the request to its fate. */
  readonly tookMs: number;
  /** The time of the fate. */
  readonly sinceStartMs: number;
  readonly at: string;
  /** `x-worker` of this answer or else of the previous one on this connection. */
  readonly worker: string | undefined;
  /** The client's port, to be found again in a packet capture or in the service's log. */
  readonly localPort: number | undefined;
}

export type LoadCounts = Readonly<Record<Fate, number>> & {
  /** The sum of all fates, and of the requests under way if the load has not been stopped. */
  readonly sent: number;
  /** All fates but `answered`. */
  readonly lost: number;
  /** Connections established. */
  readonly connectionsOpened: number;
  /** Connections which the server closed between two requests, which is no loss. */
  readonly closedWhenIdle: number;
  /** As `closedWhenIdle`, but by a reset. */
  readonly resetWhenIdle: number;
};

export type LoadReport = LoadCounts & {
  /** Complete answers per value of the response header `x-worker`. */
  readonly byWorker: ReadonlyMap<string, number>;
  /** The first losses. */
  readonly samples: readonly Loss[];
  /** Of answered requests, from sending (which includes connecting) to the complete answer, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
};

/** The losses in words, as the message of an assertion. */
export function describeLosses(report: LoadCounts & { readonly samples?: readonly Loss[] }): string {
  const losses = LOSSES.filter((fate) => report[fate] > 0);
  const counts = losses.map((fate) => `${report[fate]} ${fate}`).join(', ') || 'none';
  const samples = (report.samples ?? []).map((sample) => `\n${inspect(sample, { breakLength: Infinity })}`);
  return `${report.lost} lost of ${report.sent} sent (${counts})${samples.join('')}`;
}

/** Every request was answered, and there were some. */
export function assertNothingLost(report: LoadReport): void {
  assert.equal(report.lost, 0, describeLosses(report));
  assert.ok(report.answered > 0, 'the load sent nothing');
}

/** Workers crashed: only requests that they had accepted are lost, one per client and crash at most. */
export function assertLostInFlightAtMost(most: number, report: LoadReport): void {
  const { refused, hung, serverError, wrongAnswer, reset, cut } = report;
  const others = { refused, hung, serverError, wrongAnswer };
  assert.deepEqual(others, { refused: 0, hung: 0, serverError: 0, wrongAnswer: 0 }, describeLosses(report));
  assert.ok(reset + cut <= most, describeLosses(report));
  assert.ok(report.answered > 0, 'the load sent nothing');
}
