// The types of the package as npm delivers it, found by every way in which TypeScript resolves modules.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import { ROOT, pack } from '../helpers/installed.ts';

const SOURCE = `import fastify from 'fastify';
import clustered, { startClustered } from 'fastify-clustered';
import type { WorkerContext } from 'fastify-clustered';

export async function buildApp(worker?: WorkerContext) {
  const app = fastify();
  await app.register(clustered, { worker });
  app.clustered.slot.toFixed();
  return app;
}

// @ts-expect-error -- no such option, which nobody would notice if the types were not found
void startClustered(buildApp, { worker: 1 });
export const service = startClustered(buildApp, { workers: 1 });
`;

const MODULES = path.join(ROOT, 'node_modules');

/** The last one that knows node10: attw brings a TypeScript 5. */
const FIVE = path.join(MODULES, '@arethetypeswrong', 'core', 'node_modules', 'typescript');
const CURRENT = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

suite('types', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

  before(() => {
    const modules = path.join(folder, 'node_modules');
    fs.mkdirSync(modules);
    for (const name of fs.readdirSync(MODULES).filter((each) => each !== 'fastify-clustered'))
      fs.symlinkSync(path.join(MODULES, name), path.join(modules, name));
    fs.renameSync(pack(folder), path.join(modules, 'fastify-clustered'));
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    fs.writeFileSync(path.join(folder, 'main.ts'), SOURCE);
  });

  for (const [what, typescript, module, resolution] of [
    ['node10, TypeScript 5', FIVE, 'commonjs', 'node10'],
    ['node16, TypeScript 5', FIVE, 'node16', 'node16'],
    ['bundler, TypeScript 5', FIVE, 'esnext', 'bundler'],
    ['node16', CURRENT, 'node16', 'node16'],
    ['nodenext', CURRENT, 'nodenext', 'nodenext'],
    ['bundler', CURRENT, 'esnext', 'bundler'],
  ] as const) {
    test(`${what}: they are found`, () => {
      const tsc = path.join(typescript, 'bin', 'tsc');
      const options = ['--noEmit', '--strict', '--skipLibCheck', '--esModuleInterop', '--target', 'es2022'];
      const how = ['--module', module, '--moduleResolution', resolution, 'main.ts'];
      const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, ...how], {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout);
    });
  }
});
