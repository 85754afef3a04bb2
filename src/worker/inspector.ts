// Is a debugger open in this process?
import process from 'node:process';
import { attempt } from '../attempt.ts';

/** However it was opened: by an option, by SIGUSR1, or by inspector.open(). A Node can be built without it. */
export function isDebuggerOpen(): boolean {
  return attempt(() => process.getBuiltinModule('node:inspector').url()) !== undefined;
}
