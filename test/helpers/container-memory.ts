// How much memory a container has taken at most, and what its limit has cost, as its cgroup counts it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Container } from './container.ts';

export interface Memory {
  /** In bytes, the page cache included. */
  readonly peak: number;
  /** How often the limit was reached. */
  readonly reached: number;
  /** How many processes the kernel has killed. */
  readonly kills: number;
}

export async function memoryOf(container: Container): Promise<Memory> {
  const pid = (await container.podman('inspect', '--format', '{{.State.Pid}}')).trim();
  const cgroups = fs.readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const v1 = /^\d+:memory:(.+)$/m.exec(cgroups)?.[1];
  if (v1 !== undefined) {
    const read = reader(path.join('/sys/fs/cgroup/memory', v1));
    return {
      peak: Number(read('memory.max_usage_in_bytes')),
      reached: Number(read('memory.failcnt')),
      kills: count(read('memory.oom_control'), 'oom_kill'),
    };
  }
  const v2 = /^0::(.+)$/m.exec(cgroups)?.[1] ?? assert.fail(cgroups);
  const read = reader(path.join('/sys/fs/cgroup', v2));
  return {
    peak: Number(read('memory.peak')),
    reached: count(read('memory.events'), 'max'),
    kills: count(read('memory.events'), 'oom_kill'),
  };
}

function reader(folder: string): (name: string) => string {
  return (name) => fs.readFileSync(path.join(folder, name), 'utf8');
}

function count(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}
