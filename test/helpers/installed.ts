// Installs packages into a folder as npm would, but from what this checkout has installed, and so without a registry.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/** The packages with their runtime dependencies, as real files: no link leads out of the folder. */
export function install(folder: string, names: readonly string[]): void {
  const done = new Set<string>();
  const add = (name: string, from: string): void => {
    const found = lookUp(name, from);
    if (found === undefined || done.has(found)) return;
    done.add(found);
    const place = path.relative(path.join(ROOT, 'node_modules'), found);
    linkFiles(found, path.join(folder, 'node_modules', place));
    const { dependencies, optionalDependencies } = manifestOf(found);
    // Optional ones include the binaries of other platforms, which are not installed.
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) add(needed, found);
  };
  for (const name of names) add(name, ROOT);
}

/** Unpacks this package as npm delivers it, once, for {@link installPacked}. Returns the folder. */
export function pack(folder: string): string {
  const packed = path.join(folder, 'packed');
  fs.mkdirSync(packed, { recursive: true });
  // The package is built already. A second build would replace files that other tests are running.
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', packed];
  const tarball = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', path.join(packed, tarball), '-C', packed]);
  return path.join(packed, 'package');
}

/** This package from the packed folder, with its dependencies, Fastify, and the other packages. */
export function installPacked(folder: string, packed: string, others: readonly string[] = []): void {
  linkFiles(packed, path.join(folder, 'node_modules', 'fastify-clustered'));
  const { dependencies } = manifestOf(packed);
  install(folder, [...Object.keys(dependencies ?? {}), 'fastify', ...others]);
}

/** This package as it is built, instead of a packed one. */
export function installBuilt(folder: string): void {
  const place = path.join(folder, 'node_modules', 'fastify-clustered');
  linkFiles(path.join(ROOT, 'dist'), path.join(place, 'dist'));
  linkFile(path.join(ROOT, 'package.json'), path.join(place, 'package.json'));
  install(folder, [...Object.keys(manifestOf(ROOT).dependencies ?? {}), 'fastify']);
}

/** A hard link, or a copy if the target is on another file system. */
export function linkFile(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch {
    fs.copyFileSync(from, to);
  }
}

/** The many files that Node never opens are left out. */
const NEVER_OPENED = /\.(?:md|map|[cm]?ts|yml)$/;

function linkFiles(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) linkFiles(source, target);
    else if (entry.isFile() && !NEVER_OPENED.test(entry.name)) linkFile(source, target);
  }
}

function lookUp(name: string, from: string): string | undefined {
  for (let folder = from; folder.startsWith(ROOT.slice(0, -1)); folder = path.dirname(folder)) {
    const place = path.join(folder, 'node_modules', name);
    if (fs.existsSync(place)) return place;
  }
  return undefined;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
}
