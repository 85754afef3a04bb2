// Reads how many CPUs and how much memory this process may use: by affinity, CPU quota and memory limit.
import { findCgroup } from './cgroup.ts';
import type { Cgroup, ReadFile } from './cgroup.ts';

/** A limit, and the file that says so. */
export interface Limit {
  readonly value: number;
  readonly file: string;
}

export interface Limits {
  /** How many CPUs the kernel may run this process on. */
  readonly affinity: Limit;
  /** CPU time per time, in CPUs: 1.5 is one and a half. Null: no quota. */
  readonly quota: Limit | null;
  /** In bytes. Null: no limit. */
  readonly memory: Limit | null;
}

/** What is asked where /proc does not tell. */
export interface Host {
  /** `os.availableParallelism()` */
  readonly parallelism: number;
  /** `os.totalmem()`, in bytes. */
  readonly memoryBytes: number;
}

export function readLimits(read: ReadFile, host: Host): Limits {
  const [cpu, memory] = [findCgroup('cpu', read), findCgroup('memory', read)];
  return {
    affinity: affinityOf(read) ?? { value: host.parallelism, file: 'os.availableParallelism()' },
    quota: cpu === undefined ? null : least(quotasOf(cpu, read)),
    memory: memory === undefined ? null : memoryLimit(memory, read, host),
  };
}

const STATUS = '/proc/self/status';

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html: `Cpus_allowed_list: 0-3,8` */
function affinityOf(read: ReadFile): Limit | undefined {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read(STATUS) ?? '') ?? [];
  const value = list?.split(',').reduce((sum, range) => {
    const [from = NaN, to = from] = range.split('-').map(Number);
    return sum + to - from + 1;
  }, 0);
  return value !== undefined && value > 0 ? { value, file: STATUS } : undefined;
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, https://docs.kernel.org/scheduler/sched-bwc.html */
function quotasOf({ version, directories }: Cgroup, read: ReadFile): readonly Limit[] {
  return directories.flatMap((directory) => {
    const file = `${directory}/${version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us'}`;
    // "max 100000" is no quota, and so is "-1".
    const [quota, period] =
      version === 2
        ? (read(file) ?? '').trim().split(' ')
        : [read(file), read(`${directory}/cpu.cfs_period_us`)];
    const value = toNumber(quota) / toNumber(period);
    return value > 0 && value < Infinity ? [{ value, file }] : [];
  });
}

/**
 * Version 1 writes a huge number for no limit, and a limit may be above what there is: neither limits anything. One that is all
 * there is does: LXC shows a container its limit as the memory of the machine.
 */
function memoryLimit(cgroup: Cgroup, read: ReadFile, host: Host): Limit | null {
  const limits = cgroup.version === 2 ? memoryV2(cgroup, read) : memoryV1(cgroup, read);
  return least(limits.filter(({ value }) => value > 0 && value <= host.memoryBytes));
}

/** Above memory.high the kernel slows a cgroup down until it stands still. https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
function memoryV2({ directories }: Cgroup, read: ReadFile): readonly Limit[] {
  return directories
    .flatMap((directory) => [`${directory}/memory.max`, `${directory}/memory.high`])
    .map((file) => ({ value: toNumber(read(file)), file }));
}

/**
 * memory.stat has the least limit of all above, also of those that cannot be seen from a container. A cgroup that does not use
 * the hierarchy does not limit those below. https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
function memoryV1({ directories }: Cgroup, read: ReadFile): readonly Limit[] {
  return directories.flatMap((directory, above) => {
    if (above > 0 && read(`${directory}/memory.use_hierarchy`)?.trim() === '0') return [];
    const [limit, stat] = [`${directory}/memory.limit_in_bytes`, `${directory}/memory.stat`];
    const [, hierarchical] = /^hierarchical_memory_limit (\d+)$/m.exec(read(stat) ?? '') ?? [];
    return [
      { value: toNumber(read(limit)), file: limit },
      { value: toNumber(hierarchical), file: stat },
    ];
  });
}

/** Of the same value, the one that is nearest to the process. */
function least(limits: readonly Limit[]): Limit | null {
  return limits.reduce<Limit | null>(
    (sofar, limit) => (sofar === null || limit.value < sofar.value ? limit : sofar),
    null,
  );
}

/** NaN: it is none, such as "max". */
function toNumber(text: string | undefined): number {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : NaN;
}
