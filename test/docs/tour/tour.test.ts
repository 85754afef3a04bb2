// The tour of example-app/README.md, every command of it, on a copy of the example.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { ROOT } from '../../helpers/installed.ts';
import { attribute, readPage } from '../markdown.ts';
import { createProject } from '../project.ts';
import { walk } from '../walk.ts';

suite('tour', () => {
  test('every command of the tour does what the page shows', async (t) => {
    const folder = createRepository(t);
    const { blocks } = readPage('example-app/README.md');
    const service = await walk(
      t,
      blocks.filter((block) => attribute(block, 'system') === undefined),
      {
        folder,
        main: path.join(folder, 'example-app', 'dist', 'main.js'),
        isSkipped: (block) => !hasTool(attribute(block, 'needs')),
      },
    );
    assert.equal((await service.ended).code, 0);
  });
});

/** What `git clone`, and the part of `npm start` before the service, leave on a reader's disk. */
function createRepository(t: Parameters<typeof createProject>[0]): string {
  const folder = createProject(t);
  fs.copyFileSync(path.join(ROOT, 'tsconfig.json'), path.join(folder, 'tsconfig.json'));
  fs.writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ type: 'module', private: true, workspaces: ['example-app'] }),
  );
  for (const name of ['package.json', 'tsconfig.json', 'src']) {
    fs.cpSync(path.join(ROOT, 'example-app', name), path.join(folder, 'example-app', name), {
      recursive: true,
    });
  }
  const run = (command: string, ...args: readonly string[]): void => {
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  run('npm', 'run', '--silent', 'build', '--workspace', 'example-app');
  run('git', 'init', '--quiet');
  run('git', 'add', 'example-app/src');
  run(
    'git',
    '-c',
    'user.name=reader',
    '-c',
    'user.email=reader@example.org',
    'commit',
    '--quiet',
    '--message=a',
  );
  return folder;
}

/** In CI every tool is there, else a step of the tour would be left out unnoticed. */
function hasTool(tool: string | undefined): boolean {
  if (tool === undefined || process.env['CI'] === 'true') return true;
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
