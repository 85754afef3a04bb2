// Finds where an ES module cannot be parsed. Its SyntaxError names neither file nor line: Node prints both, but only of an
// error that nothing catches: https://github.com/nodejs/node/issues/49441
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import type { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { attempt } from '../attempt.ts';

/** Both count from 0. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * What Node would print above the error: file, line, the line itself, and a mark below it. Undefined if it is no such error,
 * or if the place cannot be found. It reads the files of the app, so it is for a process that is about to end anyway.
 */
export function placeOf(error: object, stack: string): string | undefined {
  if (!isWithoutPlace(stack)) return undefined;
  return attempt(() => {
    const position = positionOf(error);
    const fitting = position === undefined ? [] : candidates(position, stack);
    const broken = fitting.length > 1 ? fitting.filter(({ file }) => !isParsed(file)) : fitting;
    return broken[0]?.shown;
  });
}

/** Node's loader has thrown it, and nothing stands above it. JSON that cannot be parsed is another thing. */
function isWithoutPlace(stack: string): boolean {
  if (!stack.startsWith('SyntaxError: ')) return false;
  const first = stack.split('\n').find((line) => line.startsWith('    at '));
  return first?.includes('node:internal/modules/esm/') === true;
}

const KEY = 'fastify-clustered.error';

/** V8 keeps the position with the error, and tells it to debuggers. */
function positionOf(error: object): Position | undefined {
  // Loaded only now; and a Node can be built without it.
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  Reflect.set(globalThis, Symbol.for(KEY), error);
  try {
    return ask(session);
  } finally {
    Reflect.deleteProperty(globalThis, Symbol.for(KEY));
    session.disconnect();
  }
}

/** A session with one's own thread answers before post() returns. */
function ask(session: Session): Position | undefined {
  let position: Position | undefined;
  session.post('Runtime.evaluate', { expression: `globalThis[Symbol.for('${KEY}')]` }, (_, evaluated) => {
    const errorObjectId = evaluated?.result.objectId;
    if (errorObjectId === undefined) return;
    session.post('Runtime.getExceptionDetails', { errorObjectId }, (__, answer?: object) => {
      // Its type is missing in the types of Node.
      const { lineNumber: line, columnNumber: column } = Object(
        Reflect.get(Object(answer), 'exceptionDetails'),
      );
      if (typeof line === 'number' && typeof column === 'number') position = { line, column };
    });
  });
  return position;
}

interface Candidate {
  readonly file: string;
  readonly shown: string;
}

/** A bound for an app whose imports lead everywhere. */
const MAX_FILES = 2_000;

/** The files that the entry leads to, and that have what the error complains of at this position; packages come last. */
function candidates(position: Position, stack: string): readonly Candidate[] {
  const entry = process.argv[1];
  if (entry === undefined) return [];
  const seen = new Set([entry]);
  const queues: readonly [own: string[], packages: string[]] = [[entry], []];
  const found: Candidate[] = [];
  for (let read = 0; read < MAX_FILES; read += 1) {
    const ofPackage = queues[0].length === 0;
    if (ofPackage && found.length > 0) break;
    const file = queues[0].shift() ?? queues[1].shift();
    if (file === undefined) break;
    const source = attempt(() => fs.readFileSync(file, 'utf8'));
    if (source === undefined) continue;
    const shown = show(file, source, position, stack);
    if (shown !== undefined) found.push({ file, shown });
    for (const imported of importsOf(file, source)) {
      if (seen.has(imported)) continue;
      seen.add(imported);
      queues[imported.includes('/node_modules/') ? 1 : 0].push(imported);
    }
  }
  return found;
}

const SPECIFIER = /\b(?:from|import|require)\s*\(?\s*(["'`])([^"'`\n]+)\1/g;

function importsOf(file: string, source: string): readonly string[] {
  const { resolve } = createRequire(file);
  return [...source.matchAll(SPECIFIER)].flatMap(([, , specifier = '']) => {
    const found = attempt(() => {
      if (/^(?:\.{0,2}\/|file:)/.test(specifier))
        return fileURLToPath(new URL(specifier, pathToFileURL(file)));
      const resolved = resolve(specifier);
      return resolved.startsWith('/') ? resolved : undefined;
    });
    return found ?? [];
  });
}

function show(file: string, source: string, { line, column }: Position, stack: string): string | undefined {
  const text = source.split('\n')[line];
  if (text === undefined || column > text.length) return undefined;
  const [, token] =
    /^SyntaxError: Unexpected (?:token|identifier|reserved word|string|number) '(.+)'/.exec(stack) ?? [];
  if (token !== undefined && !text.startsWith(token, column)) return undefined;
  const shownColumn = Math.min(column, MAX_SHOWN);
  return `${pathToFileURL(file).href}:${line + 1}\n${text.slice(0, 2 * MAX_SHOWN)}\n${' '.repeat(shownColumn)}^\n`;
}

/** A bundle may be one long line. */
const MAX_SHOWN = 200;

const CHECK_MS = 3_000;

/** Node itself says so, without running it. */
function isParsed(file: string): boolean {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const options = { env, stdio: 'ignore', timeout: CHECK_MS } as const;
  return spawnSync(process.execPath, ['--check', file], options).status === 0;
}
