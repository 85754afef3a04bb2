// Which release each generation is pinned to, and how its workers are started. The fleet knows only its entry and cwd.
import process from 'node:process';
import type { Generation } from '../../fleet/fleet.ts';
import { moveArguments, moveExecPath, moveOptions, movePathList, movesBetween } from './moved-paths.ts';
import type { Move } from './moved-paths.ts';
import { variablesOf } from '../../options/index.ts';
import type { EnvironmentVariables, Settings } from '../../options/index.ts';
import { startingEnvironment } from '../../process/environment.ts';
import type { Environment } from '../../process/environment.ts';
import { LinkWatch } from './link-watch.ts';
import type { MissedLink } from './link-watch.ts';
import { exists, pathsOf, pin } from './release.ts';
import type { LogicalRelease, PinnedRelease } from './release.ts';
import type { Launch } from '../processes/worker-process.ts';

export class PinnedReleases {
  /** The release of the generation that the fleet begins with. */
  readonly first: PinnedRelease;
  readonly #release: LogicalRelease;
  readonly #options: Pick<Settings, 'execArgv' | 'env'>;
  readonly #links: LinkWatch;
  readonly #environment: Environment;
  /** By the id of the generation. */
  readonly #pinned = new Map<number, PinnedGeneration>();

  /**
   * @param environment what the primary was started with
   * @throws FST_CLUSTERED_RELEASE_NOT_FOUND, or what the option `env` throws
   */
  constructor(
    release: LogicalRelease,
    options: Pick<Settings, 'execArgv' | 'env'>,
    environment: Environment = startingEnvironment(),
  ) {
    this.#release = release;
    this.#options = options;
    this.#environment = environment;
    this.first = this.pin(FIRST_ID);
    this.#links = new LinkWatch(release, this.first);
  }

  /** For the generation that will have this id. @throws FST_CLUSTERED_RELEASE_NOT_FOUND, or what the option `env` throws */
  pin(id: number): PinnedRelease {
    const release = pin(this.#release);
    this.#pinned.set(id, { release, env: this.#variables(id, release) });
    return release;
  }

  #variables(generation: number, release: PinnedRelease): EnvironmentVariables {
    return variablesOf(this.#options.env, { generation, ...pathsOf(release) });
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
    const release = known !== undefined && exists(known.release) ? known.release : pin(this.#release);
    if (release !== known?.release) onGone(release);
    const moves = movesBetween(this.#release.links, release.links);
    const own = known?.env ?? this.#variables(id, release);
    const env = { ...this.#environment, PWD: release.cwd, ...own };
    return {
      entry: release.entry,
      cwd: release.cwd,
      execPath: moveExecPath(process.execPath, moves),
      execArgv: moveArguments(this.#options.execArgv, moves),
      env: { ...env, ...moved(env, moves) },
    };
  }
}

interface PinnedGeneration {
  readonly release: PinnedRelease;
  /** By the option `env`. */
  readonly env: EnvironmentVariables;
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
