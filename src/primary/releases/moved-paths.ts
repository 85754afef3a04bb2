// Where a path that the service was started with is in the release of a generation: of a loader, a folder in PATH, Node itself.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { isWithin, rebase, throughLink } from './links.ts';
import type { Link } from './links.ts';

export interface Found {
  readonly path: string;
  /** The generation's release does not have it: this is the file of the first release. Null: it has. */
  readonly missing: string | null;
}

type IsThere = (file: string) => boolean;

export class MovedPaths {
  readonly #first: readonly Link[];
  readonly #pinned: readonly Link[];

  /**
   * @param first where links led when the service was started
   * @param pinned where they led when the generation was pinned
   */
  constructor(first: readonly Link[], pinned: readonly Link[]) {
    this.#first = first;
    this.#pinned = pinned;
  }

  /**
   * A path through a link becomes the path that the link led to when the generation was pinned. So does a real path into the
   * first release: `tsx main.ts` starts Node with such paths into its package. As it may be of use to this starter alone, it
   * stays what it is while the generation's release has no such file.
   * @param isThere may also accept a path without its extension
   */
  find(file: string, isThere: IsThere = fs.existsSync): Found {
    const { candidates, isGone } = this.#inRelease(file);
    const [pinned = file] = candidates;
    const found = candidates.find(isThere);
    if (found !== undefined) return { path: found, missing: null };
    // What the link led to was deleted: it is followed anew.
    if (isGone) return { path: file, missing: null };
    const isLeft = throughLink(file, this.#first) !== file && isThere(file);
    return isLeft ? { path: file, missing: pinned } : { path: pinned, missing: null };
  }

  /** PATH and NODE_PATH: npm, and the scripts that pnpm generates, put folders of the release there. */
  list(folders: string): string {
    return folders
      .split(path.delimiter)
      .map((folder) => this.find(folder).path)
      .join(path.delimiter);
  }

  /** The Node that workers run on. On Linux a process can run on the same file as this one even after it is deleted. */
  execPath(execPath: string): string {
    const { candidates } = this.#inRelease(execPath);
    const found = [...candidates, execPath].find((each) => fs.existsSync(each));
    return found ?? (process.platform === 'linux' ? '/proc/self/exe' : execPath);
  }

  /** The same path in the release; and, as pnpm has the version of a package in its path, the package of that name. */
  #inRelease(file: string): { readonly candidates: readonly string[]; readonly isGone: boolean } {
    const logical = throughLink(file, this.#first);
    const link = lastLinkOn(logical, this.#pinned);
    if (link === undefined) return { candidates: [file], isGone: false };
    const pinned = rebase(logical, link.path, link.target);
    const [folder = '', ...nested] = pinned.split(MODULES);
    const innermost = nested.length > 1 ? nested.at(-1) : undefined;
    const candidates = innermost === undefined ? [pinned] : [pinned, folder + MODULES + innermost];
    return { candidates, isGone: !fs.existsSync(link.target) };
  }
}

const MODULES = `${path.sep}node_modules${path.sep}`;

/** There is no other link behind its target. */
function lastLinkOn(logical: string, links: readonly Link[]): Link | undefined {
  let last: Link | undefined;
  for (const link of links) {
    if (isWithin(link.path, logical) && link.path.length > (last?.path.length ?? 0)) last = link;
  }
  return last;
}
