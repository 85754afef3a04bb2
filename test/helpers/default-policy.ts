// The policy of a fleet whose user sets no option, on a machine with eight CPUs.
import type { Policy } from '../../src/fleet/policy.ts';
import { validate } from '../../src/options/index.ts';

export const defaultPolicy: Policy = validate(
  {},
  {
    env: {},
    execArgv: [],
    capacity: { cpus: 8, workers: 8, memoryBytes: null },
  },
).policy;
