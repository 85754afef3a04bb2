// The table of all options, as the reference page has it. Its source is the TSDoc in src/options.
import fs from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { complete } from '../src/options/index.ts';
import { readInterfaces } from './tsdoc.ts';
import type { Interface } from './tsdoc.ts';

const SECTIONS = new URL('../src/options/', import.meta.url);
const BEGIN = '<!-- options: begin -->';
const END = '<!-- options: end -->';

export interface DocumentedOption {
  /** Such as `rollout.maxSurge`. */
  readonly name: string;
  /** An expression, or prose that starts with "the". */
  readonly fallback: string;
  readonly meaning: string;
}

/** In the validator's order. */
export async function documentedOptions(): Promise<readonly DocumentedOption[]> {
  const files = await fs.readdir(SECTIONS);
  const sections = await Promise.all(
    files.map(async (file) => readInterfaces(await fs.readFile(new URL(file, SECTIONS), 'utf8'))),
  );
  const interfaces = new Map(sections.flatMap((section) => [...section]));
  const order = Object.keys(
    complete(
      {},
      {
        env: {},
        execArgv: [],
        capacity: { cpus: 1, workers: 1, memoryBytes: null },
      },
    ),
  );
  return optionsOf('ClusteredOptions', '', interfaces).toSorted(
    (one, other) => order.indexOf(topLevel(one)) - order.indexOf(topLevel(other)),
  );
}

/** An option has a default. What has none is a group of options, whose type is an interface. */
export function optionsOf(
  type: string,
  prefix: string,
  interfaces: ReadonlyMap<string, Interface>,
): readonly DocumentedOption[] {
  const { bases, properties } = interfaces.get(type) ?? { bases: [], properties: [] };
  const inherited = bases.flatMap((base) => optionsOf(base, prefix, interfaces));
  const own = properties.flatMap(({ name, types, summary, fallback }) => {
    const option = `${prefix}${name}`;
    if (summary === '') throw new Error(`${option} has no TSDoc`);
    // A group may come alone or in an array, which names its type twice.
    const nested = [...new Set(types)].flatMap((inner) => optionsOf(inner, `${option}.`, interfaces));
    if (fallback !== null) return [{ name: option, fallback, meaning: summary }, ...nested];
    if (nested.length === 0) throw new Error(`${option} has no @default`);
    return nested;
  });
  return [...inherited, ...own];
}

export function isProse(fallback: string): boolean {
  return fallback.startsWith('the ');
}

export async function optionTable(): Promise<string> {
  const options = await documentedOptions();
  const rows = options.map(({ name, fallback, meaning }) =>
    row(`\`${name}\``, isProse(fallback) ? fallback : `\`${fallback}\``, meaning),
  );
  const table = [row('option', 'default', 'meaning'), row('---', '---', '---'), ...rows].join('\n');
  const config = await resolveConfig(new URL('../docs/reference.md', import.meta.url));
  return (await format(table, { ...config, parser: 'markdown' })).trim();
}

/** What a page has between the two markers. */
export function tableIn(page: string): string {
  const [start, end] = markers(page);
  return page.slice(start, end).trim();
}

export function replaceTable(page: string, table: string): string {
  const [start, end] = markers(page);
  return `${page.slice(0, start)}\n\n${table}\n\n${page.slice(end)}`;
}

function markers(page: string): readonly [number, number] {
  const start = page.indexOf(BEGIN) + BEGIN.length;
  const end = page.indexOf(END);
  if (start < BEGIN.length || end < start) throw new Error(`the page needs ${BEGIN} and, after it, ${END}`);
  return [start, end];
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function topLevel({ name }: DocumentedOption): string {
  return name.split('.', 1).join('');
}
