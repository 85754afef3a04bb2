// What each generation is pinned to, and how a worker of it is started. The fleet itself knows but its entry and cwd.
import process from 'node:process';
import type { Generation } from '../../fleet/fleet.ts';
import { moveArguments, moveExecPath, moveOptions, movePathList, movesBetween } from './moved-paths.ts';
import type { Move } from './moved-paths.ts';
import type { Settings } from '../../options/index.ts';
import { LinkWatch } from './link-watch.ts';
import type { Missed } from './link-watch.ts';
import { isThere, pin } from './release.ts';
import type { LogicalRelease, PinnedRelease } from './release.ts';
import type { Launch } from '../processes/worker-process.ts';

export class PinnedReleases {
  /** Of the generation that the fleet begins with. */
  readonly first: PinnedRelease;
  readonly #release: LogicalRelease;
  readonly #options: Pick<Settings, 'execArgv' | 'env'>;
  readonly #links: LinkWatch;
  /** By the ids of the generations. */
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

  /** What a rollout to this release has left behind, although a deploy has moved the link to it. */
  missed(pinned: PinnedRelease): Missed | undefined {
    return this.#links.missed(pinned);
  }

  /** No worker of an older generation is there, or to come. */
  forgetBefore(oldest: number): void {
    for (const id of this.#pinned.keys()) if (id < oldest) this.#pinned.delete(id);
  }

  /**
   * With paths that are there at this moment: only if what was pinned is gone is it looked for anew.
   * @throws FST_CLUSTERED_RELEASE_NOT_FOUND
   */
  launch({ id }: Generation, movedOn: (instead: PinnedRelease) => void): Launch {
    const known = this.#pinned.get(id);
    const release = known !== undefined && isThere(known) ? known : pin(this.#release);
    if (release !== known) movedOn(release);
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

/** Variables in which there are paths into the release, if anywhere. */
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

/** The fleet counts on from there. */
const FIRST_ID = 1;
