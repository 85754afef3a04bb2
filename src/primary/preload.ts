// How a worker comes to run the preload script: by Node's own options and the environment, without any file.
import { PRELOAD_SOURCE } from './preload-source.ts';

/** Carries the script: Linux allows 128 KiB for one variable, and it does not stand in the way in the output of `ps`. */
const VARIABLE = 'FASTIFY_CLUSTERED_PRELOAD';

/**
 * Threads and processes that the app starts inherit the option, but not the variable: there it does nothing. Run as a
 * script, not imported, it comes before whatever else is `--import`ed, and no loader of the app's gets to see it.
 */
const LAUNCHER = [
  `const{${VARIABLE}:script}=process.env`,
  `Reflect.deleteProperty(process.env,'${VARIABLE}')`,
  `if(script)process.getBuiltinModule('vm').runInThisContext(script,'fastify-clustered:preload')`,
].join(';');

/** Options of Node; they have to be the first ones. */
export const PRELOAD_ARGUMENTS: readonly string[] = ['--import', `data:text/javascript,${LAUNCHER}`];

export const PRELOAD_ENVIRONMENT: Readonly<Record<string, string>> = { [VARIABLE]: PRELOAD_SOURCE };
