// Validates options that no compiler has checked, on a machine that is always the same.
import { validate } from '../../../src/options/index.ts';
import type { ClusteredOptions, Settings } from '../../../src/options/index.ts';

export function validated(
  options: unknown = {},
  { env = {}, parallelism = 6 }: { env?: Record<string, string>; parallelism?: number } = {},
): Settings {
  return validate(options as ClusteredOptions, { env, execArgv: ['--enable-source-maps'], parallelism });
}
