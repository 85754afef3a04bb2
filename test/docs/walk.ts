// Walks through a page as a reader would: writes its files, runs its commands, and compares what comes with its excerpts.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startReadyService } from '../helpers/service.ts';
import type { LogLine, Service } from '../helpers/service.ts';
import { outputDifference, valuesOf } from './excerpt.ts';
import { attribute, place } from './markdown.ts';
import type { Block } from './markdown.ts';
import { write } from './project.ts';
import { seeExcerpt } from './see.ts';
import { Shell } from './shell.ts';

type TestContext = Parameters<typeof startReadyService>[0];

export interface Surroundings {
  readonly folder: string;
  /** What `sh start` starts. */
  readonly main: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Blocks of commands that this machine cannot run. */
  readonly isSkipped?: (block: Block) => boolean;
}

/** The pid of the primary and the port, as pages have them. */
const [PID, PORT] = ['4711', '3000'];

const ALONE = 'fastify-clustered';
const INFO = 30;

/** Returns the service as the last block has left it. @throws an excerpt differs */
export async function walk(
  t: TestContext,
  blocks: readonly Block[],
  { folder, main, env = {}, isSkipped = () => false }: Surroundings,
): Promise<Service> {
  const shell = new Shell(t, folder);
  let service: Service | undefined;
  let output = '';
  let background: Promise<string> | undefined;
  /** The lines of the log that no excerpt has shown yet. */
  let unseen: LogLine[] = [];
  /** A message that may come, which the page says. */
  let maybe: string | undefined;
  let read = 0;

  const started = (): Service => service ?? assert.fail('no block has started the service');
  const readOn = (): void => {
    const { log } = started();
    unseen.push(...log.slice(read));
    read = log.length;
  };
  const real = async (commands: string): Promise<string> =>
    commands
      .replaceAll(PID, `${started().pid}`)
      .replaceAll(new RegExp(`(localhost|127\\.0\\.0\\.1):${PORT}`, 'g'), `$1:${await started().port()}`);

  for (const block of blocks) {
    const { language, words, text } = block;
    const file = attribute(block, 'file');
    if (isSkipped(block)) continue;
    if (file !== undefined) write(folder, file, text);
    else if (words.includes('start')) {
      service = await startReadyService(t, {
        fixture: main,
        cwd: folder,
        env: { FASTIFY_ADDRESS: '127.0.0.1', PORT: '0', WEB_CONCURRENCY: '2', PWD: folder, ...env },
      });
    } else if (words.includes('run')) {
      edit(folder, attribute(block, 'edit'));
      readOn();
      assertNothingLeft(place(block), unseen, maybe);
      unseen = [];
      maybe = undefined;
      output = await shell.run(await real(text));
    } else if (words.includes('background')) {
      background = new Shell(t, folder).run(await real(text));
    } else if (language === 'text') {
      const printed = attribute(block, 'output') === 'background' ? await background : output;
      const differs = outputDifference(text, printed ?? '');
      assert.equal(differs, undefined, `${place(block)}: ${differs}\nit printed:\n${printed}`);
    } else if (language === 'json') {
      maybe = attribute(block, 'maybe')?.replaceAll('-', ' ');
      for (const excerpt of valuesOf(text)) {
        const line = await seeExcerpt(started(), excerpt, block, () => {
          readOn();
          return unseen;
        });
        unseen = unseen.filter((each) => each !== line);
      }
    } else assert.ok(words.includes('setup'), `${place(block)}: nothing is done with it`);
  }
  readOn();
  assertNothingLeft('the end', unseen, maybe);
  return started();
}

/** What the primary tells people the page shows as well. */
function assertNothingLeft(next: string, unseen: readonly LogLine[], maybe: string | undefined): void {
  const left = unseen.filter(
    ({ name, level, msg }) => name === ALONE && Number(level) >= INFO && msg !== maybe,
  );
  const told = left.map((line) => JSON.stringify(line)).join('\n');
  assert.equal(left.length, 0, `before ${next} was logged, and is in no excerpt:\n${told}`);
}

/** `file/from/to`: what the reader is asked to change by hand. */
function edit(folder: string, change: string | undefined): void {
  if (change === undefined) return;
  const [file = '', from = '', to = ''] = change.split('/');
  const target = path.join(folder, file);
  const before = fs.readFileSync(target, 'utf8');
  assert.ok(before.includes(from), `${file} has no "${from}"`);
  fs.writeFileSync(target, before.replaceAll(from, to));
}
