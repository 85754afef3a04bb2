// Symbolic links on the way to a release, such as `current`, which deploys move.
import fs from 'node:fs';
import path from 'node:path';

export interface Link {
  readonly path: string;
  /** The real path that it led to when it was read. */
  readonly target: string;
}

/** Every link that an absolute path leads through, the last one first. */
export function linksOn(logical: string): readonly Link[] {
  const links: string[] = [];
  for (let part = path.normalize(logical); part !== path.dirname(part); part = path.dirname(part)) {
    if (isLink(part)) links.push(part);
  }
  return follow(links);
}

/** Every link that lies in this folder. */
export function linksIn(folder: string): readonly Link[] {
  try {
    const links = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
    return follow(links.map(({ name }) => path.join(folder, name)));
  } catch {
    return [];
  }
}

/** Reads where links lead now. Those that lead nowhere are left out. */
export function follow(links: readonly string[]): readonly Link[] {
  return links.flatMap((link) => {
    const target = realPathOf(link);
    return target === undefined ? [] : [{ path: link, target }];
  });
}

/** Removes duplicates. */
export function unique(links: readonly Link[]): readonly Link[] {
  return [...new Map(links.map((link) => [link.path, link])).values()];
}

/** The logical path of a real one, through the link with the deepest target; the same path, if no link leads there. */
export function throughLink(file: string, links: readonly Link[]): string {
  let best: Link | undefined;
  for (const link of links) {
    if (isWithin(link.target, file) && link.target.length > (best?.target.length ?? 0)) best = link;
  }
  return best === undefined ? file : rebase(file, best.target, best.path);
}

/** Is the file in the folder, or the folder itself? Both paths are absolute. */
export function isWithin(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

/** The path with one folder replaced by another. */
export function rebase(file: string, from: string, to: string): string {
  return path.join(to, path.relative(from, file));
}

/** Undefined: nothing is there. */
export function realPathOf(file: string): string | undefined {
  try {
    return fs.realpathSync(file);
  } catch {
    return undefined;
  }
}

function isLink(file: string): boolean {
  try {
    return fs.lstatSync(file).isSymbolicLink();
  } catch {
    return false;
  }
}
