// Finds the cgroup of this process, by controller: version 1, version 2, or both at once (hybrid).
// https://man7.org/linux/man-pages/man7/cgroups.7.html, https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
import path from 'node:path';
import type { ReadFile } from '../read-file.ts';

export type { ReadFile };

export interface Cgroup {
  readonly version: 1 | 2;
  /**
   * Its directory, and those above it, up to the topmost one that can be seen from here. A limit of each of them counts. Some
   * may not exist: those outside of a container may be named, but not be there.
   */
  readonly directories: readonly string[];
}

export type Controller = 'cpu' | 'memory';

/** Undefined: there is none, or this is not Linux. */
export function findCgroup(controller: Controller, read: ReadFile): Cgroup | undefined {
  const memberships = parseMemberships(read('/proc/self/cgroup') ?? '');
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
  // A controller is in a hierarchy of version 1 or in that of version 2, never in both.
  const own = memberships.find(({ controllers }) => controllers.includes(controller));
  const isV1 = (mount: Mount): boolean => mount.type === 'cgroup' && mount.options.includes(controller);
  const v1 = own && locate(own.path, mounts.filter(isV1));
  if (v1 !== undefined) return { version: 1, directories: v1 };
  const unified = memberships.find(({ hierarchy }) => hierarchy === '0');
  const v2 =
    unified &&
    locate(
      unified.path,
      mounts.filter(({ type }) => type === 'cgroup2'),
    );
  return v2 && { version: 2, directories: v2 };
}

/** A line of /proc/self/cgroup: `4:memory:/system.slice/api.service`. In version 2 it is `0::/...`. */
interface Membership {
  readonly hierarchy: string;
  readonly controllers: readonly string[];
  readonly path: string;
}

function parseMemberships(text: string): readonly Membership[] {
  return text.split('\n').flatMap((line) => {
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy === undefined || controllers === undefined || path === undefined) return [];
    return [{ hierarchy, controllers: controllers.split(','), path }];
  });
}

interface Mount {
  /** The part of the hierarchy that is mounted: in a container it may be that of the container alone. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  /** Of the file system; in version 1 they name its controllers. */
  readonly options: readonly string[];
}

/** A line: `35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory`. */
function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [type, , options] = after.split(' ');
    if (root === undefined || point === undefined || type === undefined) return [];
    return [{ root: unescape(root), point: unescape(point), type, options: options?.split(',') ?? [] }];
  });
}

/** Spaces and the like are written as `\040`. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** The mount that shows the most of what is above the cgroup. */
function locate(cgroup: string, mounts: readonly Mount[]): readonly string[] | undefined {
  const located = mounts.map((mount) => directoriesOf(cgroup, mount));
  return located.toSorted((a, b) => b.length - a.length)[0];
}

/**
 * Without a namespace of its own, a container is at `/docker/1f0c`, and so is the root of its mount, which has to be taken off.
 * With one, both are `/`. Where the cgroup is not below the root of the mount, as after it was moved, only the mount is sure.
 */
function directoriesOf(cgroup: string, { root, point }: Mount): readonly string[] {
  const relative = path.posix.relative(root, cgroup);
  const below = relative === '..' || relative.startsWith('../') ? [] : relative.split('/').filter(Boolean);
  return Array.from({ length: below.length + 1 }, (_, above) =>
    path.posix.join(point, ...below.slice(0, below.length - above)),
  );
}
