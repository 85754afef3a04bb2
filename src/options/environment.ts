// Section: what the workers' processes are started with.
import { invalid, isObject, withDefault } from './checks.ts';

export interface EnvironmentOptions {
  /**
   * Environment variables of the workers, besides those of the primary.
   * @default {}
   */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Node's own options for the workers, such as `['--max-old-space-size=512']`. An absolute path into the first release
   * becomes the same path in the worker's own release.
   * @default process.execArgv
   */
  execArgv?: readonly string[] | undefined;
}

export const checkEnv = withDefault<Readonly<Record<string, string>>>(
  () => ({}),
  (value, name) => {
    if (!isObject(value)) throw invalid(name, value, 'an object');
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => {
        if (typeof entry !== 'string') throw invalid(`${name}.${key}`, entry, 'a string');
        return [key, entry];
      }),
    );
  },
);

export const checkExecArgv = withDefault<readonly string[]>(
  ({ execArgv }) => execArgv,
  (value, name) => {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw invalid(name, value, 'an array of strings');
  },
);
