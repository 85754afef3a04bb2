// The commands of docs/development.md, each in a project of its own, with the app of the page.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';
import { watched } from '../helpers/watched.ts';
import { DEVELOPMENT } from './kinds.ts';
import { attribute, readPage } from './markdown.ts';
import { createProject, write } from './project.ts';
import { Shell } from './shell.ts';

type TestContext = Parameters<typeof startReadyService>[0];

const PATIENCE_MS = 40_000;

const { blocks } = readPage(DEVELOPMENT);

suite('development', () => {
  for (const [word, ready] of [
    ['watch', /Server listening/],
    ['watch-workers', /all workers ready/],
    ['watch-nodemon', /Server listening/],
  ] as const) {
    test(`${word}: a change of a file that only the app imports starts the service again`, async (t) => {
      const folder = createApp(t);
      const lines = run(t, folder, command(word));
      await lines.seen(ready);
      const app = path.join(folder, 'app.js');
      await watched(lines.group, app);
      fs.writeFileSync(app, fs.readFileSync(app, 'utf8').replace('world', 'moon'));
      await lines.seen(/[Rr]estarting/);
      await lines.seen(ready);
    });
  }

  test('inspect: the debugger listens, and the app serves', async (t) => {
    const lines = run(t, createApp(t), command('inspect').replace('--inspect', '--inspect=0'));
    await lines.seen(/Debugger listening/);
    await lines.seen(/Server listening/);
  });

  test('test: the test of the page passes', async (t) => {
    const output = await new Shell(t, createApp(t)).run(`env -u NODE_TEST_CONTEXT ${command('test')}`);
    assert.match(output, /pass 1\n/);
    assert.match(output, /fail 0\n/);
  });

  test('bundle: one file starts, rolls over and stops', async (t) => {
    const folder = createApp(t);
    const [bundle = '', start = ''] = command('bundle').split(/\n(?=node )/);
    const output = await new Shell(t, folder).run(bundle);
    const file = start.replace(/^node /, '');
    assert.ok(fs.existsSync(path.join(folder, file)), output);
    fs.rmSync(path.join(folder, 'node_modules'), { recursive: true });
    const service = await startReadyService(t, {
      fixture: path.join(folder, file),
      cwd: folder,
      env: { PORT: '0', WEB_CONCURRENCY: '2', FASTIFY_ADDRESS: '127.0.0.1' },
    });
    const completed = service.next('rollout completed');
    service.signal('SIGUSR2');
    await completed;
    assert.equal(await service.stop(), 0);
  });
});

/** The app and the test of the page, and the entry of the README. */
function createApp(t: TestContext): string {
  const folder = createProject(t);
  for (const block of blocks) {
    const file = attribute(block, 'file');
    if (file === 'app.js' || file === 'app.test.js') write(folder, file, block.text);
  }
  const main = readPage('README.md').blocks.find((block) => attribute(block, 'file') === 'main.js');
  // With a logger, so that it is known when it serves.
  const app = path.join(folder, 'app.js');
  fs.writeFileSync(app, fs.readFileSync(app, 'utf8').replace('Fastify()', 'Fastify({ logger: true })'));
  write(folder, 'main.js', main?.text ?? assert.fail('the README has no main.js'));
  return folder;
}

function command(word: string): string {
  return blocks.find(({ words }) => words.includes(word))?.text ?? assert.fail(`no block "${word}"`);
}

interface Lines {
  /** The process group of the command. */
  readonly group: number;
  /** Resolves with the next line that fits, of those that were not seen yet. */
  seen(pattern: RegExp): Promise<void>;
}

/** Runs a command that does not end by itself, and kills its process group after the test. */
function run(t: TestContext, cwd: string, line: string): Lines {
  const { PORT: _, WEB_CONCURRENCY: __, NODE_OPTIONS: ___, NODE_TEST_CONTEXT: ____, ...env } = process.env;
  const child = spawn('sh', ['-c', `${line} 2>&1`], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...env, PORT: '0', FASTIFY_ADDRESS: '127.0.0.1' },
  });
  t.after(async () => {
    process.kill(-group, 'SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  const group = child.pid ?? assert.fail('not started');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (text) => lines.push(text));
  let read = 0;
  return {
    group,
    async seen(pattern) {
      const deadline = AbortSignal.timeout(PATIENCE_MS);
      for (;;) {
        const index = lines.findIndex((text, at) => at >= read && pattern.test(text));
        if (index !== -1) {
          read = index + 1;
          return;
        }
        await once(reader, 'line', { signal: deadline }).catch(() =>
          assert.fail(`${String(pattern)} was not seen, but:\n${lines.join('\n')}`),
        );
      }
    },
  };
}
