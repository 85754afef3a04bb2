// A project as a reader of the docs would have it: the built package, with its types, and what it is used with.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../helpers/installed.ts';

interface TestContext {
  after(hook: () => void): void;
}

/** An empty folder of an ES module project in which fastify-clustered and all that this checkout has are installed. */
export function createProject(t: TestContext): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-docs-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const modules = path.join(folder, 'node_modules');
  fs.mkdirSync(modules);
  for (const name of fs.readdirSync(path.join(ROOT, 'node_modules'))) {
    if (name === 'fastify-clustered') continue;
    fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  const place = path.join(modules, 'fastify-clustered');
  fs.cpSync(path.join(ROOT, 'dist'), path.join(place, 'dist'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(place, 'package.json'));
  write(folder, 'package.json', '{ "type": "module" }');
  return folder;
}

export function write(folder: string, file: string, text: string): void {
  const place = path.join(folder, file);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(place, text);
}

/** @throws what the compiler says */
export function typeCheck(folder: string, options: object): void {
  write(folder, 'tsconfig.json', JSON.stringify(options));
  try {
    execFileSync(path.join(folder, 'node_modules', '.bin', 'tsc'), ['--project', folder], {
      cwd: folder,
      encoding: 'utf8',
    });
  } catch (error) {
    throw new Error(`tsc:\n${String(Reflect.get(Object(error), 'stdout'))}`, { cause: error });
  }
}
