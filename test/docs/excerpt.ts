// Compares an excerpt on a page with what a program really printed: as structure, with what differs from run to run masked.

/** Left out of every excerpt, which the pages say. */
const LEFT_OUT = new Set(['time', 'hostname', 'name']);

/** Values that differ from run to run, or from machine to machine: only their type is compared. */
const MASKED = new Set([
  'pid',
  'slot',
  'port',
  'bootMs',
  'tookMs',
  'delayMs',
  'entry',
  'cwd',
  'link',
  'leadsTo',
  'stack',
  'sum',
  'value',
  'capacity',
]);

/** In a string it stands for any text; as a line of an output, for any lines. */
const ELLIPSIS = '…';

/** The JSON values of a block, one behind the other, on one line each or on several. @throws one is no JSON */
export function valuesOf(text: string): readonly unknown[] {
  const values: unknown[] = [];
  let waiting = '';
  for (const line of text.split('\n')) {
    waiting += line;
    if (waiting.trim() === '') continue;
    const value = parse(waiting);
    if (value === undefined) continue;
    values.push(value);
    waiting = '';
  }
  if (waiting.trim() !== '') throw new Error(`no JSON: ${waiting}`);
  return values;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined: the line of a log is as the excerpt says. Else what is different. */
export function lineDifference(excerpt: unknown, logged: object): string | undefined {
  const shown = Object.entries(logged).filter(([key]) => !LEFT_OUT.has(key));
  return difference(excerpt, Object.fromEntries(shown), '');
}

/** Undefined: they are equal but for what is masked. */
export function difference(excerpt: unknown, actual: unknown, at: string): string | undefined {
  if (isObject(excerpt) && isObject(actual)) {
    const keys = Object.keys(excerpt).toSorted().join(', ');
    const actualKeys = Object.keys(actual).toSorted().join(', ');
    if (keys !== actualKeys) return `${at || 'the line'} has ${keys}, in truth ${actualKeys}`;
    return firstOf(
      Object.keys(excerpt).map((key) =>
        MASKED.has(key) && !isObject(excerpt[key])
          ? typeDifference(excerpt[key], actual[key], `${at}.${key}`)
          : difference(excerpt[key], actual[key], `${at}.${key}`),
      ),
    );
  }
  if (Array.isArray(excerpt) && Array.isArray(actual)) {
    if (excerpt.length !== actual.length) return `${at} has ${excerpt.length}, in truth ${actual.length}`;
    return firstOf(excerpt.map((value, index) => difference(value, actual[index], `${at}[${index}]`)));
  }
  const isSame =
    typeof excerpt === 'string' && typeof actual === 'string'
      ? pattern(excerpt).test(withoutNumbers(actual))
      : excerpt === actual;
  return isSame ? undefined : `${at} is ${JSON.stringify(excerpt)}, in truth ${JSON.stringify(actual)}`;
}

/** Undefined: a program printed what the excerpt says. */
export function outputDifference(excerpt: string, output: string): string | undefined {
  const lines = linesOf(output);
  const expected = linesOf(excerpt);
  for (const [index, line] of expected.entries()) {
    if (line === ELLIPSIS) continue;
    const skips = expected[index - 1] === ELLIPSIS;
    const differences = lines.slice(0, skips ? lines.length : 1).map((each) => textDifference(line, each));
    const found = differences.indexOf(undefined);
    if (found === -1) return differences.at(-1) ?? `there is no ${JSON.stringify(line)}`;
    lines.splice(0, found + 1);
  }
  const isOpen = expected.at(-1) === ELLIPSIS;
  return isOpen || lines.length === 0 ? undefined : `in truth there is more: ${lines.join('\n')}`;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function textDifference(expected: string, line: string): string | undefined {
  const [value, actual] = [parse(expected), parse(line)];
  if (isObject(value) && isObject(actual)) return difference(value, actual, 'the line');
  if (pattern(expected).test(withoutNumbers(line))) return undefined;
  return `expected ${JSON.stringify(expected)}, in truth ${JSON.stringify(line)}`;
}

function pattern(text: string): RegExp {
  const parts = withoutNumbers(text)
    .split(ELLIPSIS)
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`);
}

/** Ports, pids and times within a text differ; nothing at all, as in "Failed requests: 0", is a fact. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+(?:[.,]\d+)*/g, (number) => (number === '0' ? '0' : '#'));
}

function typeDifference(excerpt: unknown, actual: unknown, at: string): string | undefined {
  const [expected, found] = [typeOf(excerpt), typeOf(actual)];
  return expected === found ? undefined : `${at} is a ${expected}, in truth a ${found}`;
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function firstOf(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((each) => each !== undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
