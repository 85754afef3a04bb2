// Paths into the release that the primary was started from, as a later generation has them: loaders, its own Node.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isWithin, rebase } from './links.ts';
import type { Link } from './links.ts';

/** A folder that was left for another one. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** From where the links led first to where they lead now; the deepest folder first. */
export function movesBetween(first: readonly Link[], now: readonly Link[]): readonly Move[] {
  return first
    .flatMap(({ path: link, target }) => {
      const to = now.find((each) => each.path === link)?.target;
      return to === undefined || to === target ? [] : [{ from: target, to }];
    })
    .toSorted((a, b) => b.from.length - a.from.length);
}

/** `tsx main.ts` leaves absolute paths into its package there, some as URLs, and `npm exec` or a wrapper may, too. */
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

/** PATH and NODE_PATH, in which npm and the starters that pnpm makes name folders of the release. */
export function movePathList(list: string, moves: readonly Move[]): string {
  return list
    .split(path.delimiter)
    .map((folder) => move(folder, moves))
    .join(path.delimiter);
}

/** The Node that workers run on. A process can always be started from the file that this one runs on, even a deleted one. */
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

/** What the later release does not have is taken from where it was, for as long as it is there. */
function move(file: string, moves: readonly Move[]): string {
  return candidates(file, moves).find((candidate) => fs.existsSync(candidate)) ?? file;
}

const MODULES = `${path.sep}node_modules${path.sep}`;

/** The same path; or the package of that name, as pnpm keeps it in a folder that is called by its version, too. */
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
