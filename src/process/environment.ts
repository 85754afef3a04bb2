// What this process was started with: the environment, whatever has been read into process.env since; and the directory.
import fs from 'node:fs';
import process from 'node:process';
import { attempt } from '../attempt.ts';
import { LISTEN_VARIABLES } from '../net/handed-over.ts';

export type Environment = Readonly<Record<string, string>>;

/** An entry file may change it: `process.chdir(import.meta.dirname)`. Undefined: it was deleted. */
const DIRECTORY_AT_LOAD = attempt(() => process.cwd());

/**
 * These are for this process alone. Node takes the first ones out of process.env, and gives each child its own. The others are
 * systemd's: a worker that told it something would speak for the whole service.
 */
const OWN = new Set<string>([
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
  ...LISTEN_VARIABLES,
]);

/** As early as this package is loaded: the second best answer. */
const AT_LOAD: Environment = defined(process.env);

/**
 * What files have set in the meantime (`--env-file`, process.loadEnvFile(), dotenv) is not in it. Only Linux can tell: it
 * keeps the environment that a process was executed with. Elsewhere, it is what process.env was when this package was loaded.
 */
export function startingEnvironment(file = '/proc/self/environ'): Environment {
  const executed = attempt(() => parse(fs.readFileSync(file, 'utf8')));
  return executed ?? AT_LOAD;
}

/** Its real path, or that when this package was loaded. */
export function startingDirectory(): string {
  return DIRECTORY_AT_LOAD ?? process.cwd();
}

function parse(text: string): Environment {
  const entries = text.split('\0').flatMap((entry) => {
    const end = entry.indexOf('=');
    return end <= 0 ? [] : [[entry.slice(0, end), entry.slice(end + 1)] as const];
  });
  // Where a name comes twice, the first one counts, as in getenv().
  return Object.fromEntries(entries.filter(([name]) => !OWN.has(name)).toReversed());
}

function defined(env: NodeJS.ProcessEnv): Environment {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || OWN.has(name) ? [] : [[name, value]],
    ),
  );
}
