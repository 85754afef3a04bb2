// Makes a worker run the preload script: by options of Node and the environment, without any file.
import { PRELOAD_SOURCE } from './preload-source.ts';

/** Holds the script. Linux allows 128 KiB for one variable; and unlike an argument it does not clutter the output of `ps`. */
const VARIABLE = 'FASTIFY_CLUSTERED_PRELOAD';

/**
 * Threads and processes that the app starts inherit the option, but not the variable, so there it does nothing. It runs the
 * script instead of importing it, so that no loader of the app processes it, and before everything that the command line
 * imports; only imports of NODE_OPTIONS come earlier. It is short, so that `ps` still shows what runs.
 */
const LAUNCHER = [
  `const{env:e}=process,n='${VARIABLE}',s=e[n]`,
  `Reflect.deleteProperty(e,n)`,
  `s&&process.getBuiltinModule('vm').runInThisContext(s,n)`,
].join(';');

/** Options of Node. They have to come first. */
export const PRELOAD_ARGUMENTS: readonly string[] = ['--import', `data:text/javascript,${LAUNCHER}`];

export const PRELOAD_ENVIRONMENT: Readonly<Record<string, string>> = { [VARIABLE]: PRELOAD_SOURCE };

// The package runs from its sources. Without the script a Ctrl-C would end a worker while it boots.
if (PRELOAD_SOURCE === '') throw new Error('fastify-clustered was not built: npm run build');
