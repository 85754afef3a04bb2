// The command line that this process was started with: its script, the arguments of that, and Node's options.
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface CommandLine {
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
}

/** The file that Node runs. Undefined: it runs code from the command line or from stdin, or something that is no file. */
export function mainScript({ argv, execArgv }: CommandLine = process): string | undefined {
  const script = argv[1];
  if (script === undefined || script === '-' || execArgv.some(isCode)) return undefined;
  if (!execArgv.some((option) => nameOf(option) === '--entry-url')) return script;
  const url = new URL(script, pathToFileURL('./'));
  return url.protocol === 'file:' ? fileURLToPath(url) : undefined;
}

/** The arguments of the program, whatever Node runs. */
export function programArguments({ argv, execArgv }: CommandLine = process): readonly string[] {
  return argv.slice(execArgv.some(isCode) ? 1 : 2);
}

/**
 * These say what Node runs instead of a script, or how, so they are for one process alone: a worker that inherited
 * `--eval` would run that code instead of its entry, and one that inherited `--test` would be a test runner.
 */
const OF_ONE_PROCESS =
  /^(?:-[ceip]|-pe|--(?:check|eval|interactive|print|input-type|entry-url|run|build-.*|experimental-sea-config|(?:experimental-)?test(?:-.*)?|watch(?:-.*)?))$/;

/** Without the options that are for the process that was started with them. */
export function forOthers(execArgv: readonly string[]): readonly string[] {
  let isLeftOut = false;
  return execArgv.filter((word) => {
    // A word that begins otherwise is the value of the option before it: https://nodejs.org/api/cli.html#options
    if (word.startsWith('-')) isLeftOut = OF_ONE_PROCESS.test(nameOf(word));
    return !isLeftOut;
  });
}

/** The same for NODE_OPTIONS. */
export function optionsForOthers(options: string): string {
  const words = quotedWords(options);
  const kept = forOthers(words.map(unquote));
  // What is left as it is keeps its quotes.
  return kept.length === words.length ? options : kept.map(quote).join(' ');
}

/** The options in NODE_OPTIONS: https://nodejs.org/api/cli.html#node_optionsoptions */
export function wordsOf(options: string): readonly string[] {
  return quotedWords(options).map(unquote);
}

/** Replaces words of NODE_OPTIONS, and leaves the others as they are. `map` returns as many words as it is given. */
export function mapWords(options: string, map: (words: readonly string[]) => readonly string[]): string {
  const words = wordsOf(options);
  const mapped = map(words);
  let index = 0;
  return options.replaceAll(WORD, (written) => {
    const [word, instead] = [words[index], mapped[index]];
    index += 1;
    return instead === undefined || instead === word ? written : quote(instead);
  });
}

/** The name of an option of Node, without its value: `--inspect_port=0` is `--inspect-port`. */
export function nameOf(option: string): string {
  const [name = ''] = option.split('=');
  return name.startsWith('--') ? `--${name.slice(2).replaceAll('_', '-')}` : name;
}

function isCode(option: string): boolean {
  return /^(?:-[ep]|-pe|--eval|--print)$/.test(nameOf(option));
}

/** Spaces separate words, and nothing else does; double quotes keep them together. */
const WORD = /(?:[^ "]|"(?:[^"\\]|\\.)*")+/gs;

function quotedWords(options: string): readonly string[] {
  return options.match(WORD) ?? [];
}

function unquote(word: string): string {
  return word.replaceAll(/"((?:[^"\\]|\\.)*)"/gs, (_, quoted: string) => quoted.replaceAll(/\\(.)/gs, '$1'));
}

function quote(word: string): string {
  return /[ "\\]/.test(word) ? `"${word.replaceAll(/["\\]/g, '\\$&')}"` : word;
}
