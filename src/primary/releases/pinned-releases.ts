// Which release each generation is pinned to, and how its workers are started. The fleet knows only its entry and cwd.
import process from 'node:process';
import type { Generation } from '../../fleet/fleet.ts';
import { variablesOf } from '../../options/index.ts';
import type { EnvironmentVariables, Settings } from '../../options/index.ts';
import { forOthers, optionsForOthers } from '../../process/command-line.ts';
import { startingEnvironment } from '../../process/environment.ts';
import type { Environment } from '../../process/environment.ts';
import { LinkWatch } from './link-watch.ts';
import type { MissedLink } from './link-watch.ts';
import { linksOn, unique } from './links.ts';
import { MovedPaths } from './moved-paths.ts';
import { optionsOf } from './node-options.ts';
import { exists, pathsOf, pin } from './release.ts';
import type { LogicalRelease, PinnedRelease } from './release.ts';
import { filesOf, leftFiles, startIn } from './started-with.ts';
import type { LeftFile, Start } from './started-with.ts';
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
    this.#pinned.set(id, this.#generation(release, this.#variables(id, release)));
    return release;
  }

  #variables(generation: number, release: PinnedRelease): EnvironmentVariables {
    return variablesOf(this.#options.env, { generation, ...pathsOf(release) });
  }

  /** Links to elsewhere than the release are pinned, too, where they lead to files that Node is started with. */
  #generation(release: PinnedRelease, own: EnvironmentVariables): PinnedGeneration {
    const { startedIn } = this.#release;
    const all: EnvironmentVariables = { ...this.#environment, PWD: release.cwd, ...own };
    const { NODE_OPTIONS } = all;
    const env = {
      ...all,
      ...(NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS: optionsForOthers(NODE_OPTIONS) }),
    };
    const start = { execArgv: forOthers(this.#options.execArgv), env, startedIn };
    const links = unique([...release.links, ...filesOf(start).flatMap(linksOn)]);
    return { release, own, start, paths: new MovedPaths(this.#release.links, links) };
  }

  /** What this generation takes from the first release, since its own release does not have it. */
  leftFiles(id: number): readonly LeftFile[] {
    const pinned = this.#pinned.get(id);
    return pinned === undefined ? [] : leftFiles(pinned.start, pinned.paths);
  }

  /** The names of the options of Node that its workers are started with. */
  optionsOf(id: number): ReadonlySet<string> {
    const pinned = this.#pinned.get(id);
    return pinned === undefined ? new Set() : optionsOf(pinned.start);
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
    if (known !== undefined && exists(known.release)) return launchOf(known);
    const release = pin(this.#release);
    onGone(release);
    return launchOf(this.#generation(release, known?.own ?? this.#variables(id, release)));
  }
}

interface PinnedGeneration {
  readonly release: PinnedRelease;
  /** By the option `env`. */
  readonly own: EnvironmentVariables;
  readonly start: Start;
  readonly paths: MovedPaths;
}

function launchOf({ release: { entry, cwd }, start, paths }: PinnedGeneration): Launch {
  return { entry, cwd, execPath: paths.execPath(process.execPath), ...startIn(start, paths) };
}

/** The fleet counts on from here. */
const FIRST_ID = 1;
