// Makes a worker run the preload script: by options of Node and the environment, without any file.
import path from 'node:path';
import { optionsOf } from '../releases/node-options.ts';
import { PRELOAD_SOURCE } from './preload-source.ts';
import type { Launch } from './worker-process.ts';

/** Holds the script. Linux allows 128 KiB for one variable; and unlike an argument it does not clutter the output of `ps`. */
const VARIABLE = 'FASTIFY_CLUSTERED_PRELOAD';

/**
 * Threads and processes that the app starts inherit the option, but not the variable, so there it does nothing. It runs the
 * script instead of importing it, so that no loader of the app processes it. It is short, so that `ps` still shows what runs.
 */
const LAUNCHER = [
  `const{env:e}=process,n='${VARIABLE}',s=e[n]`,
  `Reflect.deleteProperty(e,n)`,
  `s&&process.getBuiltinModule('vm').runInThisContext(s,n)`,
].join(';');

/** Before everything that the command line imports; only imports of NODE_OPTIONS, and what is required, come earlier. */
const BY_IMPORT: readonly string[] = ['--import', `data:text/javascript,${LAUNCHER}`];

/** Before the entry, which is run as Node itself does it then. The script removes what the option leaves in the process. */
const BY_EVAL: readonly string[] = [
  '-e',
  `{${LAUNCHER};process.getBuiltinModule('module').runMain(process.argv[1])}`,
];

/**
 * Options of Node. They have to come first.
 *
 * With any `--import` Node loads the entry by its ESM loader. Mostly that makes no difference. But this loader accepts no
 * extensions but its own, and takes a file with ES syntax for an ES module, where a required file would have compiled it for
 * the CommonJS loader, as tsx/cjs, sucrase/register and ts-node/register do. So where files are required, and none imported,
 * the script is evaluated instead, and Node chooses the loader as it would without us. Where something is imported it
 * chooses its ESM loader anyway.
 */
export function preloadArguments({
  entry,
  execArgv,
  env,
}: Pick<Launch, 'entry' | 'execArgv' | 'env'>): readonly string[] {
  const options = optionsOf({ execArgv, env });
  if (IMPORTING.some((option) => options.has(option))) return BY_IMPORT;
  return options.has('--require') || !KNOWN.has(path.extname(entry)) ? BY_EVAL : BY_IMPORT;
}

const IMPORTING = ['--import', '--experimental-loader'];

/** Those of Node's ESM loader; the CommonJS loader takes any other one for `.js`. */
const KNOWN = new Set(['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']);

export const PRELOAD_ENVIRONMENT: Readonly<Record<string, string>> = { [VARIABLE]: PRELOAD_SOURCE };

// The package runs from its sources. Without the script a Ctrl-C would end a worker while it boots.
if (PRELOAD_SOURCE === '') throw new Error('fastify-clustered was not built: npm run build');
