// The environment that this process was started with, whatever has been read into process.env since.
import fs from 'node:fs';
import process from 'node:process';
import { attempt } from '../attempt.ts';

export type Environment = Readonly<Record<string, string>>;

/** As early as this package is loaded: the second best answer. */
const AT_LOAD: Environment = defined(process.env);

/** These are for this process alone: Node takes them out of process.env, and gives each child its own. */
const OWN = new Set(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID']);

/**
 * What files have set in the meantime (`--env-file`, process.loadEnvFile(), dotenv) is not in it. Only Linux can tell: it
 * keeps the environment that a process was executed with. Elsewhere, it is what process.env was when this package was loaded.
 */
export function startingEnvironment(file = '/proc/self/environ'): Environment {
  const executed = attempt(() => parse(fs.readFileSync(file, 'utf8')));
  return executed ?? AT_LOAD;
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
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
