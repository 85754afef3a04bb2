// What the source says to people and reads from its surroundings, found in its text: there is no type that lists it.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../helpers/installed.ts';

export interface LogMessage {
  readonly level: string;
  readonly message: string;
}

const SOURCES = sourcesIn(path.join(ROOT, 'src'));

/** They hand on what others say. */
const WRAPPERS = ['log-error.ts', 'guard.ts'];

/** Every message that is logged, by the primary or by the app's logger. @throws one of them is not constant */
export function logMessages(): readonly LogMessage[] {
  return SOURCES.flatMap(({ file, text }) =>
    WRAPPERS.includes(path.basename(file)) ? [] : [...pairsIn(text), ...callsIn(file, text)],
  );
}

/** As lines of announcements have them: `['info', 'worker ready']`, or `[isFine ? 'info' : 'error', 'stopping']`. */
function pairsIn(text: string): readonly LogMessage[] {
  const pairs = text.matchAll(
    /\[\s*(?:[^[\]]*\?\s*'(\w+)'\s*:\s*)?'(debug|info|warn|error)',\s*'([^']+)',?\s*\]/g,
  );
  return [...pairs].flatMap(([, other, level, message = '']) =>
    [level, other].flatMap((each) => (each === undefined ? [] : [{ level: each, message }])),
  );
}

/** `log.info(details, message)`, and `logError(log, error, message)`. */
function callsIn(file: string, text: string): readonly LogMessage[] {
  const calls = text.matchAll(/(?:log|logger)\.(debug|info|warn|error)\(|\blogError\(/gi);
  return [...calls].flatMap((call) => {
    const level = call[1] ?? 'error';
    const list = argumentsFrom(text, call.index + call[0].length);
    if (/^(?:async )?function /m.test(text.slice(text.lastIndexOf('\n', call.index), call.index))) return [];
    const last = list.at(-1) ?? '';
    return textsOf(file, text, last).map((message) => ({ level, message }));
  });
}

/** What a message is: a literal, one of two, or a constant of any file. */
function textsOf(file: string, text: string, expression: string): readonly string[] {
  const literals = literalsIn(expression);
  if (literals.length > 0) return literals;
  const declared = new RegExp(`const ${expression.trim()} = ([^;]+);`);
  const found = [text, ...SOURCES.map((source) => source.text)]
    .map((each) => declared.exec(each)?.[1])
    .find((each) => each !== undefined);
  const texts = literalsIn(found ?? '');
  if (texts.length === 0) throw new Error(`${file}: what is "${expression}"? A log message is constant.`);
  return texts;
}

function literalsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, literal = '']) => literal);
}

/** The arguments of a call whose parenthesis was opened just before. */
function argumentsFrom(text: string, start: number): readonly string[] {
  const list = [''];
  let depth = 0;
  let quote = '';
  for (const character of text.slice(start)) {
    if (quote === '' && depth === 0 && character === ')')
      return list.map((each) => each.trim()).filter(Boolean);
    if (quote === '' && depth === 0 && character === ',') {
      list.push('');
      continue;
    }
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (`'"\``.includes(character)) quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    list[list.length - 1] += character;
  }
  throw new Error(`a call is not closed: ${text.slice(start, start + 80)}`);
}

/** Those that the primary listens to. */
export function signals(): readonly string[] {
  const handlers = SOURCES.filter(({ file }) => /(?:^|\/)(?:primary\/signals|process\/exit)\.ts$/.test(file));
  // What exit.ts only keeps close-with-grace from listening to.
  const texts = handlers.map(({ text }) => text.replace(/const EVERY_EVENT[^;]+;/, ''));
  return unique(
    texts.flatMap((text) => [...text.matchAll(/'(SIG[A-Z0-9]+)'/g)].map(([, name = '']) => name)),
  );
}

/** Those that mean something to the package; its own, for what it tells its workers, begin with its name. */
export function environmentVariables(): readonly string[] {
  const read = /(?:env\[|\w+Variable\(\s*(?:\w+,\s*)?)'([A-Z][A-Z_0-9]+)'/g;
  const names = SOURCES.flatMap(({ text }) => [...text.matchAll(read)].map(([, name = '']) => name));
  return unique(names.filter((name) => !name.startsWith('FASTIFY_CLUSTERED_')));
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}

function sourcesIn(folder: string): readonly { readonly file: string; readonly text: string }[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, text: withoutComments(fs.readFileSync(file, 'utf8')) }));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
