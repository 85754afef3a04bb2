// Section: which program the workers run, and where.
import { optional, text } from './checks.ts';

export interface ReleaseOptions {
  /**
   * The entry file of the workers: also a folder, or a path without extension, as Node takes it. The primary pins its real
   * path at the start and at every rollout.
   * @default the file that Node was started with
   * @throws FST_CLUSTERED_NO_ENTRY: Node was started without a file, and there is no `entry`.
   * @throws FST_CLUSTERED_RELEASE_NOT_FOUND: the file does not exist.
   */
  entry?: string | undefined;
  /**
   * The working directory of the workers. The primary pins its real path at the start and at every rollout. Packages that
   * options of Node name, such as `--import tsx`, are found from there.
   * @default the working directory of the primary, by its logical path ($PWD) where there is one
   * @throws FST_CLUSTERED_RELEASE_NOT_FOUND: the directory does not exist.
   */
  cwd?: string | undefined;
}

/** Null: to be found out from how Node was started. */
export const checkEntry = optional(text);
export const checkCwd = optional(text);
