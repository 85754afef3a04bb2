// Compares docs/scenarios.md with the titles of the tests: which scenario names which test file, and the other way round.

/** A row of the page. */
export interface Scenario {
  /** Empty: the row has no number. */
  readonly number: string;
  /** As written, such as `unit/fleet/rollout`, `simulation` or `npm run endurance`. */
  readonly shownBy: readonly string[];
}

/** The scenarios in the titles of each test file, by its path below test/, without `.test.ts`. */
export type Titles = ReadonlyMap<string, ReadonlySet<string>>;

/** What shows a scenario besides test files: whole programs, and commands of package.json. */
const PROGRAMS = new Set(['simulation', 'soak', 'types']);
const COMMAND = /^`(?:npm run )?([\w:]+)(?: -- [^`]*)?`$/;

export function isTestFile(reference: string): boolean {
  return !PROGRAMS.has(reference) && !COMMAND.test(reference);
}

/** The rows of all tables whose first column is `number`. */
export function readScenarios(page: string): readonly Scenario[] {
  return page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, number = '', , shownBy = ''] = cells;
    if (cells.length !== 5 || !/^(?:S\d+)?$/.test(number)) return [];
    return [{ number, shownBy: shownBy.split(/, (?![^`]*`(?:,|$))/) }];
  });
}

/** The scenarios that titles of this source begin with, as in `test('S6, S24: ...'`, or a table of titles has. */
export function scenariosIn(source: string): ReadonlySet<string> {
  const starts = source.matchAll(/['"`](S\d+(?:, S\d+)*)(?=[:'"`])/g);
  return new Set([...starts].flatMap(([, numbers = '']) => numbers.split(', ')));
}

/** Scenarios that the source names elsewhere than at the start of a title, where no reader would find them. */
export function misplacedIn(source: string): readonly string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const placed = scenariosIn(code);
  return [...code.matchAll(/\bS\d+\b/g)].map(([number]) => number).filter((number) => !placed.has(number));
}

/** What does not agree, each in a sentence. */
export function disagreements(
  scenarios: readonly Scenario[],
  titles: Titles,
  scripts: ReadonlySet<string>,
): readonly string[] {
  const listed = new Map(scenarios.map(({ number, shownBy }) => [number, shownBy]));
  return [
    ...scenarios.flatMap(({ number, shownBy }) =>
      shownBy.flatMap((reference) => faultsOf(number, reference, titles, scripts)),
    ),
    ...[...titles].flatMap(([file, numbers]) =>
      [...numbers].flatMap((number) => {
        const shownBy = listed.get(number);
        if (shownBy === undefined) return [`${file} names ${number}, which the page does not list`];
        return shownBy.includes(file) ? [] : [`${file} names ${number}, but the page does not say so`];
      }),
    ),
  ];
}

function faultsOf(
  number: string,
  reference: string,
  titles: Titles,
  scripts: ReadonlySet<string>,
): readonly string[] {
  const row = number === '' ? 'a row without a number' : number;
  if (PROGRAMS.has(reference)) return [];
  const script = COMMAND.exec(reference)?.[1];
  if (script !== undefined) return scripts.has(script) ? [] : [`${row}: there is no command ${reference}`];
  const numbers = titles.get(reference);
  if (numbers === undefined) return [`${row}: there is no test/${reference}.test.ts`];
  return number === '' || numbers.has(number) ? [] : [`${row}: no title in ${reference} names it`];
}
