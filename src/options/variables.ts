// The environment variables of the options: their names, what is set, and which ones no option has.
import type { Checks } from './checks.ts';

const PREFIX = 'FASTIFY_CLUSTERED_';

/** What this package tells its own processes. */
const INTERNAL: readonly string[] = [`${PREFIX}WORKER`, `${PREFIX}PRELOAD`];

export type Variables = Readonly<Record<string, string | undefined>>;

/** Of the option with this dotted name: `shutdown.delayMs` has `FASTIFY_CLUSTERED_SHUTDOWN_DELAY_MS`. */
export function variableOf(option: string): string {
  const words = option.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').replaceAll('.', '_');
  return `${PREFIX}${words.toUpperCase()}`;
}

/** Undefined: it is not set. Shells and compose files leave empty variables; these count as unset. */
export function readVariable(env: Variables, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

export interface UnknownVariable {
  readonly variable: string;
  /** The variable of an option that has the most similar name. */
  readonly nearest: string;
}

/** Those that begin as the variables of options do, and belong to none: a typing error, or of another version. */
export function variablesUnknown(env: Variables, options: Checks): readonly UnknownVariable[] {
  const known = namesOf(options, '').map((name) => variableOf(name));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !INTERNAL.includes(name))
    .map((variable) => ({ variable, nearest: nearestOf(variable, known) }));
}

function namesOf(checks: Checks, prefix: string): readonly string[] {
  return Object.entries(checks).flatMap(([key, { checks: nested = {} }]) => [
    `${prefix}${key}`,
    ...namesOf(nested, `${prefix}${key}.`),
  ]);
}

function nearestOf(name: string, known: readonly string[]): string {
  const distances = known.map((each) => [distance(name, each), each] as const);
  const [nearest] = distances.toSorted(([one], [other]) => one - other);
  return nearest?.[1] ?? '';
}

/** Levenshtein's: how many letters have to be inserted, removed or replaced. */
function distance(one: string, other: string): number {
  const first = Array.from({ length: other.length + 1 }, (_, index) => index);
  const last = Array.from(one).reduce<readonly number[]>((above, letter, index) => {
    const row = [index + 1];
    for (const [column, wanted] of Array.from(other).entries()) {
      const replaced = (above[column] ?? 0) + (letter === wanted ? 0 : 1);
      row.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    }
    return row;
  }, first);
  return last.at(-1) ?? 0;
}
