// Validates options that no compiler has checked, on a machine that is always the same.
import { validate } from '../../../src/options/index.ts';
import type { Capacity, ClusteredOptions, Settings } from '../../../src/options/index.ts';

interface Machine extends Capacity {
  readonly env: Record<string, string>;
}

export function validated(
  options: unknown = {},
  { env = {}, cpus = 6, workers = cpus, memoryBytes = null }: Partial<Machine> = {},
): Settings {
  return validate(options as ClusteredOptions, {
    env,
    execArgv: ['--enable-source-maps'],
    capacity: { cpus, workers, memoryBytes },
  });
}
