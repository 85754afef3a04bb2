// Removes what `node -e` leaves in a process: a worker whose preload is evaluated must look like one that it is imported in.
import { builtinModules } from 'node:module';
import process from 'node:process';

/** What a script of `node -e` can use as if it were a CommonJS module. */
const OF_MODULES = ['module', 'exports', 'require', '__filename', '__dirname'];

/** Does nothing in a process that was started otherwise. To be called before any code of the app. */
export function removeEvaluated(): void {
  // The options by which a worker runs its preload come first.
  if (process.execArgv[0] !== '-e') return;
  // By it Node, and others, know that there is no entry file.
  Reflect.deleteProperty(process, '_eval');
  // Processes that the app forks would inherit them.
  process.execArgv.splice(0, 2);
  for (const name of OF_MODULES) Reflect.deleteProperty(globalThis, name);
  for (const name of builtinModules) if (isLazyModule(name)) Reflect.deleteProperty(globalThis, name);
}

/** `fs` instead of `require('fs')`. Globals of the same names, such as `crypto`, are enumerable, or no getters. */
function isLazyModule(name: string): boolean {
  const { get, enumerable } = Reflect.getOwnPropertyDescriptor(globalThis, name) ?? {};
  return get !== undefined && enumerable === false && name !== 'process';
}
