// Logs what becomes of releases: not found, without an environment, gone, incomplete, or left behind by a rollout.
import type { Generation } from '../../fleet/fleet.ts';
import { toPlainError } from '../../protocol/error-info.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import type { MissedLink } from './link-watch.ts';
import { pathsOf } from './release.ts';
import type { PinnedRelease } from './release.ts';
import type { LeftFile } from './started-with.ts';

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

/** The release works for as long as nobody deletes the first one. */
export function logLeftFiles(
  log: PrimaryLogger,
  generation: number,
  pinned: PinnedRelease,
  files: readonly LeftFile[],
): void {
  const facts = { generation, ...pathsOf(pinned), files, explanation: LEFT };
  log.warn(facts, 'release incomplete, old files used');
}

const LEFT =
  'Node.js is started with files that this release does not have, so they are taken from the first one; once that is deleted, no worker of this release can start';
