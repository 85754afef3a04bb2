// Files of /proc and of cgroups, as they are on machines of every kind: those that a test does not write cannot be read.
import type { ReadFile } from '../../../../src/primary/resources/cgroup.ts';

export const MIB = 2 ** 20;

/** "No limit" of version 1: the largest whole number of pages. */
export const HUGE = '9223372036854771712\n';

export function readerOf(files: Readonly<Record<string, string>>): ReadFile {
  return (file) => files[file];
}

export function onV2(cgroup: string, root: string, files: Readonly<Record<string, string>>): ReadFile {
  return readerOf({
    '/proc/self/cgroup': `0::${cgroup}\n`,
    '/proc/self/mountinfo':
      `22 27 0:21 / /proc rw,nosuid - proc proc rw\n` +
      `30 23 0:26 ${root} /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup rw,nsdelegate\n`,
    ...under('/sys/fs/cgroup', files),
  });
}

export interface V1 {
  readonly cpu: 'cpu' | 'cpu,cpuacct';
  readonly cgroup: string;
  readonly root: string;
  readonly files: Readonly<Record<string, string>>;
}

export function onV1({ cpu, cgroup, root, files }: V1): ReadFile {
  return readerOf({
    '/proc/self/cgroup': `12:cpuset:${cgroup}\n5:memory:${cgroup}\n4:${cpu}:${cgroup}\n1:name=systemd:${cgroup}\n`,
    '/proc/self/mountinfo':
      `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n` +
      `32 31 0:29 ${root} /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n` +
      `33 31 0:30 ${root} /sys/fs/cgroup/${cpu} rw,nosuid shared:10 - cgroup cgroup rw,${cpu}\n` +
      `34 31 0:31 ${root} /sys/fs/cgroup/memory rw,nosuid shared:11 - cgroup cgroup rw,memory\n`,
    ...under('/sys/fs/cgroup', files),
  });
}

function under(directory: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${directory}/${name}`, text]));
}
