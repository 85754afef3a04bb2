// Which release each generation is pinned to, and how its workers are started. The fleet knows only its entry and cwd.
import process from 'node:process';
import type { Generation } from '../../fleet/fleet.ts';
import { moveArguments, moveExecPath, moveOptions, movePathList, movesBetween } from './moved-paths.ts';
import type { Move } from './moved-paths.ts';
import type { Settings } from '../../options/index.ts';
import { LinkWatch } from './link-watch.ts';
import type { MissedLink } from './link-watch.ts';
import { exists, pin } from './release.ts';
import type { LogicalRelease, PinnedRelease } from './release.ts';
import type { Launch } from '../processes/worker-process.ts';

export class PinnedReleases {
  /** The release of the generation that the fleet begins with. */
  readonly first: PinnedRelease;
  readonly #release: LogicalRelease;
  readonly #options: Pick<Settings, 'execArgv' | 'env'>;
  readonly #links: LinkWatch;
  /** By the id of the generation. */
  readonly #pinned = new Map<number, PinnedRelease>();

  /** @throws FST_CLUSTERED_RELEASE_NOT_FOUND */
  constructor(release: LogicalRelease, options: Pick<Settings, 'execArgv' | 'env'>) {
    this.#release = release;
    this.#options = options;
    this.first = this.pin(FIRST_ID);
    this.#links = new LinkWatch(release, this.first);
  }

  /** For the generation that will have this id. @throws FST_CLUSTERED_RELEASE_NOT_FOUND */
  pin(id: number): PinnedRelease {
    const pinned = pin(this.#release);
    this.#pinned.set(id, pinned);
    return pinned;
  }

  /** The link that a deploy has moved, but that the rollout to this release did not follow. */
  missedLink(pinned: PinnedRelease): MissedLink | undefined {
    return this.#links.missed(pinned);
  }

  /** To be called when no older generation has workers, or will get some. */
  forgetBefore(oldest: number): void {
    for (const id of this.#pinned.keys()) if (id < oldest) this.#pinned.delete(id);
  }

  /**
   * If the pinned release was deleted, the logical paths are resolved again, and `onGone` is called with the release that
   * they lead to now.
   * @throws FST_CLUSTERED_RELEASE_NOT_FOUND
   */
  launch({ id }: Generation, onGone: (instead: PinnedRelease) => void): Launch {
    const known = this.#pinned.get(id);
    const release = known !== undefined && exists(known) ? known : pin(this.#release);
    if (release !== known) onGone(release);
    const moves = movesBetween(this.#release.links, release.links);
    const { execArgv, env } = this.#options;
    return {
      entry: release.entry,
      cwd: release.cwd,
      execPath: moveExecPath(process.execPath, moves),
      execArgv: moveArguments(execArgv, moves),
      env: { ...env, ...moved({ ...process.env, ...env }, moves) },
    };
  }
}

/** The variables that may contain paths into the release. */
const MOVED = { NODE_OPTIONS: moveOptions, NODE_PATH: movePathList, PATH: movePathList };

function moved(
  env: Readonly<Record<string, string | undefined>>,
  moves: readonly Move[],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(MOVED).flatMap(([name, move]) => {
      const value = env[name];
      return value === undefined ? [] : [[name, move(value, moves)]];
    }),
  );
}

/** The fleet counts on from here. */
const FIRST_ID = 1;
