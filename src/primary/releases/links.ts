// Symbolic links on the way to a release, such as `current`, which deploys move.
import fs from 'node:fs';
import path from 'node:path';

export interface Link {
  readonly path: string;
  /** The real path that it leads to, or led to when that was looked at. */
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

/** Where they lead now. Those that lead nowhere are left out. */
export function follow(links: readonly string[]): readonly Link[] {
  return links.flatMap((link) => {
    const target = realPathOf(link);
    return target === undefined ? [] : [{ path: link, target }];
  });
}

/** The same links once each. */
export function unique(links: readonly Link[]): readonly Link[] {
  return [...new Map(links.map((link) => [link.path, link])).values()];
}

/** A real path as it is called through the link that leads deepest; the first of several. Itself, if there is none. */
export function throughLink(file: string, links: readonly Link[]): string {
  let best: Link | undefined;
  for (const link of links) {
    if (isWithin(link.target, file) && link.target.length > (best?.target.length ?? 0)) best = link;
  }
  return best === undefined ? file : rebase(file, best.target, best.path);
}

/** Is it the folder, or in it? Both absolute. */
export function isWithin(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

/** The same path below another folder. */
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
