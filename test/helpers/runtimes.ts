// The versions of Node.js that are supported: the one that runs the tests, and those that test/system/setup installs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ROOT } from './installed.ts';

export interface Runtime {
  /** `v20.20.2` */
  readonly version: string;
  readonly path: string;
}

const OTHERS = ['22', '24', '26'] as const;

/** In CI all have to be there. */
export function runtimes(): readonly [Runtime, ...Runtime[]] {
  const others = OTHERS.map((major) => path.join(ROOT, '.nodes', major, 'node_modules/node/bin/node'));
  const found = others.filter((file) => fs.existsSync(file));
  if (process.env['CI'] === 'true' && found.length < others.length)
    throw new Error(`not all of these are installed: ${others.join(', ')}`);
  return [
    { version: process.version, path: process.execPath },
    ...found.map((file) => ({
      version: execFileSync(file, ['--version'], { encoding: 'utf8' }).trim(),
      path: fs.realpathSync(file),
    })),
  ];
}
