// Finds the paths in options of Node, in a command line and in NODE_OPTIONS: https://nodejs.org/api/cli.html
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { attempt } from '../../attempt.ts';
import type { EnvironmentVariables } from '../../options/index.ts';
import { mapWords, nameOf, wordsOf } from '../../process/command-line.ts';

/** A path that an option names. */
export interface NamedPath {
  /** Empty: the word is none of the values that are known here. */
  readonly option: string;
  /** Absolute. */
  readonly path: string;
  /** How Node looks it up: as `require` does, also without its extension; or as it is. Null: Node starts without it. */
  readonly lookup: 'script' | 'file' | null;
}

/** Returns the path to use instead. */
export type Place = (named: NamedPath) => string;

/**
 * The options whose files Node reads before the entry. What `require` and `import` look up is a path only if it begins
 * like one.
 */
const FILES: ReadonlyMap<string, 'script' | 'module' | 'file'> = new Map([
  ['--require', 'script'],
  ['--import', 'module'],
  ['--experimental-loader', 'module'],
  ['--env-file', 'file'],
  ['--env-file-if-exists', 'file'],
  ['--experimental-config-file', 'file'],
  ['--experimental-package-map', 'file'],
  ['--experimental-policy', 'file'],
  ['--openssl-config', 'file'],
  ['--icu-data-dir', 'file'],
]);

const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['-r', '--require'],
  ['--loader', '--experimental-loader'],
]);

/** Without a value: it means that file in the directory where Node is started. */
const DEFAULT_CONFIG = '--experimental-default-config-file';
const DEFAULT_CONFIG_FILE = 'node.config.json';

/** The words with each path replaced. Relative ones are resolved from `startedIn`, and are absolute afterwards. */
export function placeArguments(words: readonly string[], startedIn: string, place: Place): readonly string[] {
  let awaitingValue: string | null = null;
  return words.map((word) => {
    const { option, prefix, value } = awaitingValue === null ? parse(word) : valueOf(awaitingValue, word);
    awaitingValue = null;
    if (option === DEFAULT_CONFIG) {
      const file = path.join(startedIn, DEFAULT_CONFIG_FILE);
      return `--experimental-config-file=${place({ option, path: file, lookup: 'file' })}`;
    }
    if (value !== undefined) return prefix + placeValue(option, value, startedIn, place);
    if (FILES.has(option)) awaitingValue = option;
    return word;
  });
}

/** The same for NODE_OPTIONS. */
export function placeOptions(options: string, startedIn: string, place: Place): string {
  return mapWords(options, (words) => placeArguments(words, startedIn, place));
}

/** The names of the options in a command line and in NODE_OPTIONS. */
export function optionsIn(words: readonly string[], options: string): ReadonlySet<string> {
  return new Set([...wordsOf(options), ...words].map((word) => parse(word).option));
}

/** The names of the options that a process is started with. Node accepts NODE_OPTIONS in `--env-file`, too. */
export function optionsOf({
  execArgv,
  env,
}: {
  readonly execArgv: readonly string[];
  readonly env: EnvironmentVariables;
}): ReadonlySet<string> {
  return optionsIn(execArgv, env['NODE_OPTIONS'] ?? fromFile(execArgv));
}

/** This process and its workers read the same file. */
function fromFile(execArgv: readonly string[]): string {
  const options = optionsIn(execArgv, '');
  const isFile = options.has('--env-file') || options.has('--env-file-if-exists');
  return (isFile ? process.env['NODE_OPTIONS'] : undefined) ?? '';
}

interface Word {
  readonly option: string;
  /** What stands before the value. */
  readonly prefix: string;
  /** Undefined: there is none, or it is the next word. */
  readonly value: string | undefined;
}

function parse(word: string): Word {
  const [, name, value] = /^(--?[^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === undefined) return valueOf('', word);
  const dashed = nameOf(word);
  return { option: OTHER_NAMES.get(dashed) ?? dashed, prefix: `${name}=`, value };
}

function valueOf(option: string, value: string): Word {
  return { option, prefix: '', value };
}

function placeValue(option: string, value: string, startedIn: string, place: Place): string {
  const isRelative = /^\.{1,2}(?:\/|$)/.test(value);
  const isAbsolute = path.isAbsolute(value);
  const isUrl = value.startsWith('file:///');
  switch (FILES.get(option)) {
    case 'file':
      return value === '' ? value : place({ option, path: path.resolve(startedIn, value), lookup: 'file' });
    case 'script':
      if (!isRelative && !isAbsolute) return value;
      return place({ option, path: path.resolve(startedIn, value), lookup: 'script' });
    case 'module':
      if (!isRelative && !isAbsolute && !isUrl) return value;
      return placeUrl({ option, lookup: 'file' }, value, startedIn, place);
    case undefined:
      return isAbsolute ? place({ option, path: value, lookup: null }) : value;
  }
}

/** Without `file:` it is the path of a URL all the same: `%20` in it means a space. */
function placeUrl(named: Omit<NamedPath, 'path'>, value: string, startedIn: string, place: Place): string {
  const url = new URL(value, pathToFileURL(`${startedIn}/`));
  const file = attempt(() => fileURLToPath(url));
  if (file === undefined) return value;
  const placed = place({ ...named, path: file });
  const { href, pathname } = pathToFileURL(placed);
  return (value.startsWith('file:') || pathname !== placed ? href : placed) + url.search + url.hash;
}
