// The test files whose titles may name scenarios, and the page that lists them.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../helpers/installed.ts';
import { scenariosIn } from './scenarios.ts';
import type { Titles } from './scenarios.ts';

export const PAGE = path.join(ROOT, 'docs', 'scenarios.md');

const TESTS = path.join(ROOT, 'test');

/** The tests of the tools and of the docs are not about scenarios. */
const FOLDERS = ['unit', 'integration', 'extended', 'field', 'system'];

/** By path below test/, without `.test.ts`. */
export function testSources(): ReadonlyMap<string, string> {
  const files = FOLDERS.flatMap((folder) =>
    fs
      .readdirSync(path.join(TESTS, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => path.join(folder, file)),
  ).toSorted();
  return new Map(
    files.map((file) => [file.replace(/\.test\.ts$/, ''), fs.readFileSync(path.join(TESTS, file), 'utf8')]),
  );
}

export function titlesOf(sources: ReadonlyMap<string, string>): Titles {
  return new Map([...sources].map(([file, source]) => [file, scenariosIn(source)]));
}
