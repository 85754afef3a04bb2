// What this machine, or container, gives the service: found once, at the start.
import os from 'node:os';
import type { Capacity } from '../../options/index.ts';
import { capacityOf } from './capacity.ts';
import { readFile } from '../read-file.ts';
import type { ReadFile } from '../read-file.ts';
import { findCgroup } from './cgroup.ts';
import { readLimits } from './limits.ts';
import type { Host, Limits } from './limits.ts';
import { OomKills } from './oom-kills.ts';

export interface Resources {
  readonly limits: Limits;
  readonly capacity: Capacity;
  readonly oomKills: OomKills;
}

/** Without /proc, as on macOS, or where it cannot be read, it is what Node says of the CPUs. */
export function findResources(read: ReadFile = readFile, host: Host = thisHost()): Resources {
  const limits = readLimits(read, host);
  return { limits, capacity: capacityOf(limits), oomKills: new OomKills(findCgroup('memory', read), read) };
}

function thisHost(): Host {
  return { parallelism: os.availableParallelism(), memoryBytes: os.totalmem() };
}
