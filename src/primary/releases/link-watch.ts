// Notices when a deploy has moved a link that the rollout after it did not follow, or followed only in part.
import path from 'node:path';
import { isWithin, linksIn, realPathOf, throughLink } from './links.ts';
import type { Link } from './links.ts';
import type { LogicalRelease, PinnedRelease } from './release.ts';

/** A link that was moved to another release, while the release that it led to is still pinned. */
export interface MissedLink {
  /** Do entry and working directory belong to two releases now? */
  readonly isInPart: boolean;
  readonly link: string;
  readonly leadsTo: string;
  /** The paths to start the service with, so that every rollout follows the link. */
  readonly through: { readonly entry: string; readonly cwd: string };
}

export class LinkWatch {
  readonly #first: PinnedRelease;
  readonly #links: readonly Link[];

  /** Notes where links lead now: those on the way to the release, and those beside it, through which it was not started. */
  constructor({ links }: Pick<LogicalRelease, 'links'>, first: PinnedRelease) {
    this.#first = first;
    const covering = [...links, ...linksBeside(first)].filter(({ target }) => covers(target, first));
    // A link beside the release matters only if no link on the way leads to the same folder, or deeper.
    this.#links = covering.filter(
      (link) => links.includes(link) || !links.some(({ target }) => isWithin(link.target, target)),
    );
  }

  /** Undefined: the rollout followed every link that was moved. */
  missed(now: PinnedRelease): MissedLink | undefined {
    for (const { path: link, target } of this.#links) {
      const leadsTo = realPathOf(link);
      if (leadsTo === undefined || leadsTo === target || !covers(target, now)) continue;
      const through = (file: string): string => throughLink(file, [{ path: link, target }]);
      const { entry, cwd } = this.#first;
      return {
        isInPart: isLeft(target, entry, now.entry) || isLeft(target, cwd, now.cwd),
        link,
        leadsTo,
        through: { entry: through(entry), cwd: through(cwd) },
      };
    }
    return undefined;
  }
}

function isLeft(folder: string, first: string, now: string): boolean {
  return isWithin(folder, first) && !isWithin(folder, now);
}

function covers(target: string, { entry, cwd }: PinnedRelease): boolean {
  return isWithin(target, entry) || isWithin(target, cwd);
}

/** In the two folders above the working directory, and above that of the entry file: deploys have their `current` there. */
function linksBeside({ entry, cwd }: PinnedRelease): readonly Link[] {
  const folders = [path.dirname(entry), cwd].flatMap((folder) => [
    path.dirname(folder),
    path.dirname(path.dirname(folder)),
  ]);
  return [...new Set(folders)]
    .flatMap((folder) => linksIn(folder))
    .filter(({ path: link, target }) => !isWithin(target, path.dirname(link)));
}
