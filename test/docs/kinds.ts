// What may stand in a code block of a page, and which test shows that it is true. A block of no kind fails.
import { attribute } from './markdown.ts';
import type { Block } from './markdown.ts';

/** Pages that walk.ts follows from their first block to their last. */
export const WALKED: readonly string[] = ['README.md', 'example-app/README.md'];

/** The page whose commands development.test.ts runs, each in a project of its own. */
export const DEVELOPMENT = 'docs/development.md';

const COMMANDS = ['watch', 'watch-workers', 'watch-nodemon', 'inspect', 'test', 'bundle'];

interface Kind {
  readonly title: string;
  /** Of the blocks whose info string begins with one of these. */
  readonly languages: readonly string[];
  fits(block: Block): boolean;
}

export const KINDS: readonly Kind[] = [
  {
    title: 'code, type-checked by code.test.ts; of a page that is walked through it is run, too',
    languages: ['js', 'ts'],
    fits: (block) => attribute(block, 'file') !== undefined,
  },
  {
    title: 'JSON of a file, parsed by code.test.ts',
    languages: ['json'],
    fits: (block) => attribute(block, 'file') !== undefined,
  },
  {
    title: 'commands of a walk, run by readme.test.ts or tour.test.ts',
    languages: ['sh'],
    fits: ({ page, words }) => WALKED.includes(page) && hasOne(words, ['start', 'run', 'background']),
  },
  {
    title: 'what a walk shows of the log, or of the output of a command',
    languages: ['json', 'text'],
    fits: (block) =>
      WALKED.includes(block.page) &&
      hasOne(block.words, block.language === 'json' ? ['log'] : ['output', 'output=background']),
  },
  {
    title: 'lines of a log, made by a scenario of log.test.ts',
    languages: ['json'],
    fits: (block) => attribute(block, 'log') !== undefined,
  },
  {
    title: 'commands for development, run by development.test.ts',
    languages: ['sh'],
    fits: ({ page, words }) => page === DEVELOPMENT && hasOne(words, COMMANDS),
  },
  {
    title: 'commands of npm, node and the shell, whose words commands.test.ts checks',
    languages: ['sh'],
    fits: ({ words }) => hasOne(words, ['setup', 'check']),
  },
  {
    title: 'units of systemd, read by system.test.ts; commands that test/system runs',
    languages: ['ini', 'sh'],
    fits: (block) => attribute(block, 'system') === { ini: 'systemd', sh: 'ab' }[block.language],
  },
  {
    title: 'a part of a file in deploy/, which system.test.ts finds in there',
    languages: ['text', 'yaml', 'dockerfile'],
    fits: (block) => attribute(block, 'deploy') !== undefined,
  },
  {
    title:
      'units of deploy/systemd, which system.test.ts compares, and commands that test/system runs under systemd',
    languages: ['ini', 'sh'],
    fits: (block) => {
      const kinds = block.language === 'ini' ? ['systemd', 'socket'] : ['systemd', 'systemd-socket'];
      return kinds.includes(attribute(block, 'system') ?? '');
    },
  },
  {
    title: 'a command for the control socket, and what it prints, run by control.test.ts',
    languages: ['sh', 'text'],
    fits: (block) =>
      block.language === 'sh' ? hasOne(block.words, ['control']) : attribute(block, 'control') !== undefined,
  },
  {
    title: 'a tree of folders: of this repository, which contributing.test.ts compares, or an illustration',
    languages: ['text'],
    fits: ({ words }) => hasOne(words, ['tree', 'tree=illustration']),
  },
];

/** Undefined: no test would notice if it went stale. */
export function kindOf(block: Block): Kind | undefined {
  return KINDS.find(({ languages, fits }) => languages.includes(block.language) && fits(block));
}

function hasOne(words: readonly string[], of: readonly string[]): boolean {
  return words.some((word) => of.includes(word));
}
