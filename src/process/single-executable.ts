// Is this process a single executable application: Node and a program in one file?
import process from 'node:process';

/** Made by Node itself (https://nodejs.org/api/single-executable-applications.html), or by pkg. */
export function isSingleExecutable(): boolean {
  return process.getBuiltinModule('node:sea').isSea() || 'pkg' in process;
}
