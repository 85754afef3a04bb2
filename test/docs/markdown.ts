// Takes a Markdown page apart: fenced code blocks, headings with their anchors, links, and tables.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../helpers/installed.ts';

export interface Block {
  /** Path of the page, from the root of the repository. */
  readonly page: string;
  /** Where its fence opens. */
  readonly line: number;
  readonly language: string;
  /** The words of the info string behind the language: `run`, or `file=app.js`. */
  readonly words: readonly string[];
  readonly text: string;
}

export interface Page {
  readonly name: string;
  readonly blocks: readonly Block[];
  /** The page without its blocks. */
  readonly prose: string;
}

/** Every page that is written by hand, from the root of the repository. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'example-app/README.md',
  ...fs
    .readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export function readPage(name: string): Page {
  return parsePage(name, fs.readFileSync(path.join(ROOT, name), 'utf8'));
}

/** @throws a fence is not closed */
export function parsePage(name: string, markdown: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open:
    { readonly fence: string; readonly block: Omit<Block, 'text'>; readonly lines: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^ {0,3}(`{3,})(.*)$/.exec(text);
    if (open !== undefined) {
      if (fence?.[1] === open.fence && fence[2]?.trim() === '') {
        blocks.push({ ...open.block, text: open.lines.join('\n') });
        open = undefined;
      } else open.lines.push(text);
    } else if (fence !== null) {
      const [language = '', ...words] = (fence[2] ?? '').trim().split(/\s+/);
      open = { fence: fence[1] ?? '', block: { page: name, line: index + 1, language, words }, lines: [] };
    } else prose.push(text);
  }
  if (open !== undefined) throw new Error(`${name}:${open.block.line}: the block is not closed`);
  return { name, blocks, prose: prose.join('\n') };
}

/** The value of `name=value` in the info string. */
export function attribute({ words }: Block, name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** As GitHub and npm make them of headings. */
export function anchors({ prose }: Page): readonly string[] {
  const seen = new Map<string, number>();
  return headings(prose).map((heading) => {
    const anchor = anchorOf(heading);
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

function headings(prose: string): readonly string[] {
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

/** Targets of links and images. */
export function links({ prose }: Page): readonly string[] {
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** The rows of the tables under this heading, until the next one; each row its cells, without the head of the table. */
export function rows(page: Page, heading: string): readonly (readonly string[])[] {
  const lines = page.prose.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start === -1) throw new Error(`${page.name} has no heading "${heading}"`);
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line));
  const section = lines.slice(start + 1, length === -1 ? undefined : start + 1 + length);
  return section.flatMap((line, index) => {
    const isHead = /^\|[\s:|-]+\|$/.test(section[index + 1] ?? '');
    return line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line) && !isHead ? [cells(line)] : [];
  });
}

function cells(row: string): readonly string[] {
  return row
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** What stands in backticks. */
export function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** Where a reader finds it, for messages of failed assertions. */
export function place({ page, line }: Block): string {
  return `${page}:${line}`;
}
