// Makes a single executable application, as the documentation of Node says: https://nodejs.org/api/single-executable-applications.html
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ROOT } from './installed.ts';

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** @param main a bundle in the CommonJS format. Returns the path of the program */
export function makeExecutable(main: string, folder: string): string {
  const program = path.join(folder, 'service');
  const config = path.join(folder, 'sea.json');
  const blob = path.join(folder, 'service.blob');
  const common = { main, disableExperimentalSEAWarning: true };
  if (canBuild()) {
    fs.writeFileSync(config, JSON.stringify({ ...common, output: program }));
    execFileSync(process.execPath, ['--build-sea', config], { stdio: 'pipe' });
    return program;
  }
  fs.writeFileSync(config, JSON.stringify({ ...common, output: blob }));
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'pipe' });
  fs.copyFileSync(process.execPath, program);
  const postject = path.join(ROOT, 'node_modules', '.bin', 'postject');
  execFileSync(postject, [program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], { stdio: 'pipe' });
  return program;
}

/** From 25.5 on Node does it by itself. */
function canBuild(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 25 || (major === 25 && minor >= 5);
}
