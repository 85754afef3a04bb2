// Finds the file that `node <path>` would run, on the disk as it is now.
import fs from 'node:fs';
import { Module } from 'node:module';
import path from 'node:path';

/**
 * `dist/main` means dist/main.js; a folder means the "main" of its package.json, or its index.js. These are the steps of
 * Node's own Module._findPath, in the same order. (require.resolve() would cache its answer, and miss that a link has moved.)
 * Undefined: there is no such file.
 */
export function findMainScript(named: string): string | undefined {
  return file(named) ?? withExtension(named) ?? inFolder(named);
}

function inFolder(folder: string): string | undefined {
  if (kindOf(folder) !== 'folder') return undefined;
  const main = mainOf(folder);
  const named = main === undefined ? undefined : path.resolve(folder, main);
  return (named && (file(named) ?? withExtension(named) ?? index(named))) ?? index(folder);
}

function index(folder: string): string | undefined {
  return withExtension(path.join(folder, 'index'));
}

/** Including the extensions that loaders such as tsx have added. */
function withExtension(named: string): string | undefined {
  const extensions = Object.keys(Object(Reflect.get(Module, '_extensions')));
  return extensions.map((extension) => `${named}${extension}`).find((each) => file(each) !== undefined);
}

/** A package.json that cannot be read is no error here: Node reports it better, in the worker. */
function mainOf(folder: string): string | undefined {
  try {
    const main: unknown = Reflect.get(
      Object(JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))),
      'main',
    );
    return typeof main === 'string' && main !== '' ? main : undefined;
  } catch {
    return undefined;
  }
}

function file(named: string): string | undefined {
  return kindOf(named) === 'file' ? named : undefined;
}

function kindOf(named: string): 'file' | 'folder' | undefined {
  try {
    const stats = fs.statSync(named, { throwIfNoEntry: false });
    return stats && (stats.isDirectory() ? 'folder' : 'file');
  } catch {
    return undefined;
  }
}
