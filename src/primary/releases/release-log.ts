// Logs what becomes of releases: not found, without an environment, gone, or left behind by a rollout.
import type { Generation } from '../../fleet/fleet.ts';
import { toPlainError } from '../../protocol/error-info.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import type { MissedLink } from './link-watch.ts';
import { pathsOf } from './release.ts';
import type { PinnedRelease } from './release.ts';

/** @param target what stays the target, since the rollout to another generation did not start */
export function logNotStarted(log: PrimaryLogger, error: unknown, target: Generation): void {
  log.error({ err: toPlainError(error), target }, 'rollout not started');
}

/** A worker of this generation runs another release, since the one that the generation is pinned to was deleted. */
export function logGone(log: PrimaryLogger, generation: Generation, instead: PinnedRelease): void {
  const { id, entry, cwd } = generation;
  log.warn({ generation: id, entry, cwd, instead: pathsOf(instead) }, 'release gone, resolved again');
}

/** The rollout goes on as requested; but a deploy that moved the link meant the release that it leads to now. */
export function logMissedLink(
  log: PrimaryLogger,
  generation: number,
  pinned: PinnedRelease,
  { isInPart, ...facts }: MissedLink,
): void {
  const message = isInPart ? 'link moved, followed in part' : 'link moved, not followed';
  log.warn({ generation, ...pathsOf(pinned), ...facts }, message);
}
