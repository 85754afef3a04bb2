// Turns paths into the release that the primary was started from, such as those of loaders, into paths of a later release.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isWithin, rebase } from './links.ts';
import type { Link } from './links.ts';

/** The folder of one release, and the folder of another one that a link leads to instead. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** One move for each link that leads elsewhere now; the deepest folder comes first. */
export function movesBetween(first: readonly Link[], now: readonly Link[]): readonly Move[] {
  return first
    .flatMap(({ path: link, target }) => {
      const to = now.find((each) => each.path === link)?.target;
      return to === undefined || to === target ? [] : [{ from: target, to }];
    })
    .toSorted((a, b) => b.from.length - a.from.length);
}

/** `tsx main.ts` puts absolute paths into its package there, some as URLs; `npm exec` or a wrapper may do so, too. */
export function moveArguments(execArgv: readonly string[], moves: readonly Move[]): readonly string[] {
  return execArgv.map((argument) => moveArgument(argument, moves));
}

/** NODE_OPTIONS: https://nodejs.org/api/cli.html#node_optionsoptions */
export function moveOptions(options: string, moves: readonly Move[]): string {
  return options.replaceAll(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g, (word) => {
    const argument = word.replaceAll(/"((?:[^"\\]|\\.)*)"/g, (_, quoted: string) =>
      quoted.replaceAll(/\\(.)/g, '$1'),
    );
    const moved = moveArgument(argument, moves);
    if (moved === argument) return word;
    return /[\s"\\]/.test(moved) ? `"${moved.replaceAll(/["\\]/g, '\\$&')}"` : moved;
  });
}

/** PATH and NODE_PATH: npm, and the scripts that pnpm generates, put folders of the release there. */
export function movePathList(list: string, moves: readonly Move[]): string {
  return list
    .split(path.delimiter)
    .map((folder) => move(folder, moves))
    .join(path.delimiter);
}

/** The Node that workers run on. On Linux a process can run on the same file as this one even after it is deleted. */
export function moveExecPath(execPath: string, moves: readonly Move[]): string {
  const found = [...candidates(execPath, moves), execPath].find((each) => fs.existsSync(each));
  return found ?? (process.platform === 'linux' ? '/proc/self/exe' : execPath);
}

function moveArgument(argument: string, moves: readonly Move[]): string {
  if (moves.length === 0) return argument;
  const option = /^-[^=]*=/.exec(argument)?.[0] ?? '';
  const value = argument.slice(option.length);
  if (path.isAbsolute(value)) return option + move(value, moves);
  if (!value.startsWith('file:///')) return argument;
  const { search, hash } = new URL(value);
  return `${option}${pathToFileURL(move(fileURLToPath(value), moves)).href}${search}${hash}`;
}

/** A file that the later release does not have stays what it was. */
function move(file: string, moves: readonly Move[]): string {
  return candidates(file, moves).find((candidate) => fs.existsSync(candidate)) ?? file;
}

const MODULES = `${path.sep}node_modules${path.sep}`;

/** The same path in the later release; or, as pnpm has the version of a package in its path, the package of that name. */
function candidates(file: string, moves: readonly Move[]): readonly string[] {
  return moves
    .filter(({ from }) => isWithin(from, file))
    .flatMap(({ from, to }) => {
      const same = rebase(file, from, to);
      const [folder = '', ...nested] = same.split(MODULES);
      const innermost = nested.length > 1 ? nested.at(-1) : undefined;
      return innermost === undefined ? [same] : [same, folder + MODULES + innermost];
    });
}
