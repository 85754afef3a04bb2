// How a worker comes to run the preload script: by Node's own options and the environment, without any file.
import { PRELOAD_SOURCE } from './preload-source.ts';

/** Carries the script: Linux allows 128 KiB for one variable, and it does not stand in the way in the output of `ps`. */
const VARIABLE = 'FASTIFY_CLUSTERED_PRELOAD';

/**
 * Threads and processes that the app starts inherit the option, but not the variable: there it does nothing. Run as a
 * script, not imported, no loader of the app's gets to see it, and it comes before all that is `--import`ed on the command
 * line; only what NODE_OPTIONS imports comes first. Short, so that `ps` still shows what is run.
 */
const LAUNCHER = [
  `const{env:e}=process,n='${VARIABLE}',s=e[n]`,
  `Reflect.deleteProperty(e,n)`,
  `s&&process.getBuiltinModule('vm').runInThisContext(s,n)`,
].join(';');

/** Options of Node; they have to be the first ones. */
export const PRELOAD_ARGUMENTS: readonly string[] = ['--import', `data:text/javascript,${LAUNCHER}`];

export const PRELOAD_ENVIRONMENT: Readonly<Record<string, string>> = { [VARIABLE]: PRELOAD_SOURCE };

// Run from its sources: a worker would die of a Ctrl-C in its boot.
if (PRELOAD_SOURCE === '') throw new Error('fastify-clustered was not built: npm run build');
