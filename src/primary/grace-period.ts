// Compares how long a shutdown may take with how long the orchestrator waits before it kills the container.
import process from 'node:process';
import type { Settings } from '../options/index.ts';
import type { PrimaryLogger } from './log/guard.ts';
import { FLUSH_MS } from './log/logger.ts';

export const TOO_SHORT = 'grace period too short';

interface TooShort {
  readonly gracePeriodMs: number;
  readonly neededMs: number;
  readonly delayMs: number;
  readonly graceMs: number;
  readonly closeMs: number;
  /** For the last lines of the log. */
  readonly flushMs: number;
}

/**
 * No container is told its grace period: the manifest has to repeat it, as `TERMINATION_GRACE_PERIOD_SECONDS`. Null: it is not
 * set, or long enough.
 */
export function tooShort({ shutdown, closeMs }: Settings['policy'], env: NodeJS.ProcessEnv): TooShort | null {
  const [, seconds] = /^\s*(\d+(?:\.\d+)?)s?\s*$/.exec(env['TERMINATION_GRACE_PERIOD_SECONDS'] ?? '') ?? [];
  if (seconds === undefined) return null;
  const { delayMs, graceMs } = shutdown;
  const gracePeriodMs = 1_000 * Number(seconds);
  const neededMs = delayMs + graceMs + closeMs + FLUSH_MS;
  if (gracePeriodMs >= neededMs) return null;
  return { gracePeriodMs, neededMs, delayMs, graceMs, closeMs, flushMs: FLUSH_MS };
}

export function warnOfGracePeriod(
  log: Pick<PrimaryLogger, 'warn'>,
  policy: Settings['policy'],
  env = process.env,
): void {
  const facts = tooShort(policy, env);
  if (facts !== null) log.warn({ ...facts, explanation: EXPLANATION }, TOO_SHORT);
}

const EXPLANATION =
  'a shutdown may take neededMs, and the orchestrator kills the container before: raise terminationGracePeriodSeconds, ' +
  'and the variable with it, or lower shutdown.delayMs, shutdown.graceMs or closeMs';
