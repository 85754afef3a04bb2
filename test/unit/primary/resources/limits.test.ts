// What is found on machines of every kind, and in which file.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ReadFile } from '../../../../src/primary/resources/cgroup.ts';
import { readLimits } from '../../../../src/primary/resources/limits.ts';
import { HUGE, MIB, onV1, onV2, readerOf } from './trees.ts';

const HOST = { parallelism: 32, memoryBytes: 64 * 1024 * MIB };

interface Found {
  /** In CPUs, and the file that says so. */
  readonly quota: readonly [number, string] | null;
  /** In MiB. */
  readonly memory: readonly [number, string] | null;
}

const NOTHING: Found = { quota: null, memory: null };

/** In a container without a namespace of its own, the root of the mount has to be taken off the path. */
const DOCKER = '/docker/1f0c';
const LIMITED_V1 = {
  'cpu,cpuacct/cpu.cfs_quota_us': '150000\n',
  'cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  'memory/memory.limit_in_bytes': `${512 * MIB}\n`,
};
const FOUND_V1: Found = {
  quota: [1.5, '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us'],
  memory: [512, '/sys/fs/cgroup/memory/memory.limit_in_bytes'],
};
const LIMITED_V2 = { 'cpu.max': '150000 100000\n', 'memory.max': `${512 * MIB}\n`, 'memory.high': 'max\n' };
const FOUND_V2: Found = {
  quota: [1.5, '/sys/fs/cgroup/cpu.max'],
  memory: [512, '/sys/fs/cgroup/memory.max'],
};

const TREES: Readonly<Record<string, readonly [ReadFile, Found]>> = {
  'v2, a container with a namespace of its own': [onV2('/', '/', LIMITED_V2), FOUND_V2],
  'v2, a container without one': [onV2(DOCKER, DOCKER, LIMITED_V2), FOUND_V2],
  'v2, a unit of systemd, on the host': [
    onV2('/system.slice/api.service', '/', {
      'system.slice/api.service/cpu.max': '200000 100000\n',
      'system.slice/api.service/memory.max': `${1024 * MIB}\n`,
      'system.slice/api.service/memory.high': 'max\n',
      'system.slice/cpu.max': 'max 100000\n',
      'system.slice/memory.max': 'max\n',
    }),
    {
      quota: [2, '/sys/fs/cgroup/system.slice/api.service/cpu.max'],
      memory: [1024, '/sys/fs/cgroup/system.slice/api.service/memory.max'],
    },
  ],
  'v2, nested: the least limit of the whole path counts': [
    onV2('/pod/api/app', '/', {
      'pod/api/app/cpu.max': '400000 100000\n',
      'pod/api/app/memory.max': `${900 * MIB}\n`,
      'pod/api/cpu.max': '50000 20000\n',
      'pod/api/memory.max': `${800 * MIB}\n`,
      'pod/cpu.max': '300000 100000\n',
      'pod/memory.max': `${1000 * MIB}\n`,
    }),
    { quota: [2.5, '/sys/fs/cgroup/pod/api/cpu.max'], memory: [800, '/sys/fs/cgroup/pod/api/memory.max'] },
  ],
  'v2, a limit on the parent only': [
    onV2('/pod/app', '/', {
      'pod/app/cpu.max': 'max 100000\n',
      'pod/app/memory.max': 'max\n',
      'pod/app/memory.high': 'max\n',
      'pod/cpu.max': '100000 100000\n',
      'pod/memory.max': `${256 * MIB}\n`,
    }),
    { quota: [1, '/sys/fs/cgroup/pod/cpu.max'], memory: [256, '/sys/fs/cgroup/pod/memory.max'] },
  ],
  'v2, memory.high below memory.max': [
    onV2('/', '/', { 'memory.max': `${512 * MIB}\n`, 'memory.high': `${384 * MIB}\n` }),
    { quota: null, memory: [384, '/sys/fs/cgroup/memory.high'] },
  ],
  'v2, a quota below 1': [
    onV2('/', '/', { 'cpu.max': '25000 100000\n' }),
    { quota: [0.25, '/sys/fs/cgroup/cpu.max'], memory: null },
  ],
  'v2, no limit': [
    onV2('/', '/', { 'cpu.max': 'max 100000\n', 'memory.max': 'max\n', 'memory.high': 'max\n' }),
    NOTHING,
  ],
  'v2, the files cannot be read': [onV2('/user.slice', '/', {}), NOTHING],
  'v2, a limit above the memory of the host': [
    onV2('/', '/', { 'memory.max': `${HOST.memoryBytes + 1}\n` }),
    NOTHING,
  ],
  'v2, a limit that is shown as the memory of the host': [
    onV2('/', '/', { 'memory.max': `${HOST.memoryBytes}\n` }),
    { quota: null, memory: [HOST.memoryBytes / MIB, '/sys/fs/cgroup/memory.max'] },
  ],
  'v2, the path is not below the root of the mount: its directory counts': [
    onV2('/../api', '/kubepods/pod1', LIMITED_V2),
    FOUND_V2,
  ],
  'v2, a mount with a blank in its path': [
    readerOf({
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': '30 23 0:26 / /mnt/the\\040cgroups rw - cgroup2 cgroup rw\n',
      '/mnt/the cgroups/cpu.max': '100000 100000\n',
    }),
    { quota: [1, '/mnt/the cgroups/cpu.max'], memory: null },
  ],
  'v1, a container without a namespace of its own': [
    onV1({ cpu: 'cpu,cpuacct', cgroup: DOCKER, root: DOCKER, files: LIMITED_V1 }),
    FOUND_V1,
  ],
  'v1, a container with one': [
    onV1({ cpu: 'cpu,cpuacct', cgroup: '/', root: '/', files: LIMITED_V1 }),
    FOUND_V1,
  ],
  'v1, cpu is a mount of its own': [
    onV1({
      cpu: 'cpu',
      cgroup: '/api',
      root: '/',
      files: {
        'cpu/api/cpu.cfs_quota_us': '50000\n',
        'cpu/api/cpu.cfs_period_us': '100000\n',
        'cpu/cpu.cfs_quota_us': '-1\n',
        'cpu/cpu.cfs_period_us': '100000\n',
        'memory/api/memory.limit_in_bytes': `${300 * MIB}\n`,
        'memory/memory.limit_in_bytes': HUGE,
      },
    }),
    {
      quota: [0.5, '/sys/fs/cgroup/cpu/api/cpu.cfs_quota_us'],
      memory: [300, '/sys/fs/cgroup/memory/api/memory.limit_in_bytes'],
    },
  ],
  'v1, a limit on the parent only': [
    onV1({
      cpu: 'cpu,cpuacct',
      cgroup: '/pod/app',
      root: '/',
      files: {
        'cpu,cpuacct/pod/app/cpu.cfs_quota_us': '-1\n',
        'cpu,cpuacct/pod/app/cpu.cfs_period_us': '100000\n',
        'cpu,cpuacct/pod/cpu.cfs_quota_us': '300000\n',
        'cpu,cpuacct/pod/cpu.cfs_period_us': '100000\n',
        'memory/pod/app/memory.limit_in_bytes': HUGE,
        'memory/pod/memory.limit_in_bytes': `${700 * MIB}\n`,
        'memory/pod/memory.use_hierarchy': '1\n',
      },
    }),
    {
      quota: [3, '/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us'],
      memory: [700, '/sys/fs/cgroup/memory/pod/memory.limit_in_bytes'],
    },
  ],
  'v1, a limit on a parent that cannot be seen from the container': [
    onV1({
      cpu: 'cpu,cpuacct',
      cgroup: '/',
      root: '/',
      files: {
        'memory/memory.limit_in_bytes': HUGE,
        'memory/memory.stat': `cache 0\nhierarchical_memory_limit ${600 * MIB}\nhierarchical_memsw_limit ${HUGE}`,
      },
    }),
    { quota: null, memory: [600, '/sys/fs/cgroup/memory/memory.stat'] },
  ],
  'v1, a limit on a parent that does not use the hierarchy does not count': [
    onV1({
      cpu: 'cpu,cpuacct',
      cgroup: '/pod/app',
      root: '/',
      files: {
        'memory/pod/app/memory.limit_in_bytes': HUGE,
        'memory/pod/memory.limit_in_bytes': `${700 * MIB}\n`,
        'memory/pod/memory.use_hierarchy': '0\n',
      },
    }),
    NOTHING,
  ],
  'v1, no limit': [
    onV1({
      cpu: 'cpu,cpuacct',
      cgroup: '/',
      root: '/',
      files: {
        'cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
        'cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        'memory/memory.limit_in_bytes': HUGE,
        'memory/memory.stat': `hierarchical_memory_limit ${HUGE}`,
      },
    }),
    NOTHING,
  ],
  'hybrid: controllers in v1, and a unified hierarchy that has none of them': [
    readerOf({
      '/proc/self/cgroup': '4:memory:/api\n3:cpuacct:/api\n2:cpu:/api\n0::/api\n',
      '/proc/self/mountinfo':
        '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n' +
        '33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n' +
        '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n' +
        '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n',
      '/sys/fs/cgroup/cpu/api/cpu.cfs_quota_us': '100000\n',
      '/sys/fs/cgroup/cpu/api/cpu.cfs_period_us': '50000\n',
      '/sys/fs/cgroup/memory/api/memory.limit_in_bytes': `${400 * MIB}\n`,
    }),
    {
      quota: [2, '/sys/fs/cgroup/cpu/api/cpu.cfs_quota_us'],
      memory: [400, '/sys/fs/cgroup/memory/api/memory.limit_in_bytes'],
    },
  ],
  'hybrid: memory in v1, cpu in the unified hierarchy': [
    readerOf({
      '/proc/self/cgroup': '4:memory:/api\n0::/api\n',
      '/proc/self/mountinfo':
        '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n' +
        '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n',
      '/sys/fs/cgroup/unified/api/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/memory/api/memory.limit_in_bytes': `${400 * MIB}\n`,
    }),
    {
      quota: [1.5, '/sys/fs/cgroup/unified/api/cpu.max'],
      memory: [400, '/sys/fs/cgroup/memory/api/memory.limit_in_bytes'],
    },
  ],
  'v1, the cgroup is named, but cannot be seen from the container: what can be seen above it counts': [
    onV1({ cpu: 'cpu,cpuacct', cgroup: DOCKER, root: '/', files: LIMITED_V1 }),
    FOUND_V1,
  ],
  'no /proc, as on macOS': [readerOf({}), NOTHING],
  'files that are no such files': [
    readerOf({ '/proc/self/cgroup': '\0\n:\n', '/proc/self/mountinfo': ' - \nnothing\n - cgroup2 x\n' }),
    NOTHING,
  ],
};

suite('limits', () => {
  for (const [name, [read, { quota, memory }]] of Object.entries(TREES)) {
    test(`S54: ${name}`, () => {
      const found = readLimits(read, HOST);
      assert.deepEqual(found.quota && [found.quota.value, found.quota.file], quota);
      assert.deepEqual(found.memory && [found.memory.value / MIB, found.memory.file], memory);
    });
  }

  for (const [list, cpus] of [
    ['0', 1],
    ['0-1', 2],
    ['0-3,8,10-11', 7],
    ['0-127', 128],
  ] as const) {
    test(`S54: the affinity ${list} is ${cpus} CPUs`, () => {
      const text = `Name:\tnode\nCpus_allowed:\tf\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`;
      const { affinity } = readLimits(readerOf({ '/proc/self/status': text }), HOST);
      assert.deepEqual(affinity, { value: cpus, file: '/proc/self/status' });
    });
  }

  test('S54: without /proc, or with a line that cannot be understood, it is what Node says', () => {
    for (const text of ['', 'Cpus_allowed_list:\t\n', 'Cpus_allowed_list:\tall\n']) {
      const { affinity } = readLimits(readerOf({ '/proc/self/status': text }), HOST);
      assert.deepEqual(affinity, { value: 32, file: 'os.availableParallelism()' });
    }
  });
});
