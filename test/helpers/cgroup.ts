// A cgroup of version 1 with limits of a test's own, which needs root.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

interface TestContext {
  after(hook: () => void | Promise<void>): void;
  skip(message: string): void;
}

export interface CgroupLimits {
  readonly memoryMb: number;
  /** In CPUs. */
  readonly cpus?: number;
}

const ROOT = '/sys/fs/cgroup';
const MIB = 2 ** 20;

/** A process that was killed leaves its cgroup a moment later. */
const LOOK_MS = 20;

/** Undefined: there can be none here, and the test is marked as skipped. */
export function createCgroup(t: TestContext, { memoryMb, cpus }: CgroupLimits): Cgroup | undefined {
  if (!isPossible()) {
    t.skip('it needs root, and cgroup v1 at /sys/fs/cgroup/memory and /sys/fs/cgroup/cpu');
    return undefined;
  }
  const cgroup = new Cgroup(`fastify-clustered-${process.pid}-${Math.random().toString(36).slice(2)}`);
  t.after(() => cgroup.remove());
  cgroup.write('memory', 'memory.limit_in_bytes', memoryMb * MIB);
  cgroup.write('cpu', 'cpu.cfs_quota_us', cpus === undefined ? -1 : cpus * 100_000);
  return cgroup;
}

export class Cgroup {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    for (const controller of ['memory', 'cpu'] as const) fs.mkdirSync(this.#at(controller, ''));
  }

  /** The command that starts a service in it. */
  readonly command = (direct: readonly string[]): readonly string[] => {
    const join = ['memory', 'cpu'].map((controller) => `echo $$ > ${this.#at(controller, 'cgroup.procs')}`);
    return ['sh', '-c', `${join.join(' && ')} && exec "$@"`, 'sh', ...direct];
  };

  file(controller: 'memory' | 'cpu', name: string): string {
    return this.#at(controller, name);
  }

  /** The most memory that it has ever used, in MiB: the kernel keeps count. */
  get peakMb(): number {
    return Number(fs.readFileSync(this.#at('memory', 'memory.max_usage_in_bytes'), 'utf8')) / MIB;
  }

  /** How many processes the kernel has killed in it for lack of memory. */
  get kills(): number {
    const text = fs.readFileSync(this.#at('memory', 'memory.oom_control'), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
  }

  write(controller: 'memory' | 'cpu', name: string, value: number): void {
    fs.writeFileSync(this.#at(controller, name), String(value));
  }

  /** The number of its processes, now. */
  get processes(): number {
    return this.#pids('memory').length;
  }

  /** Kills what is left in it. */
  async remove(): Promise<void> {
    for (const controller of ['memory', 'cpu']) {
      for (let pids = this.#pids(controller); pids.length > 0; pids = this.#pids(controller)) {
        for (const pid of pids) killIfThere(pid);
        await setTimeout(LOOK_MS);
      }
      fs.rmdirSync(this.#at(controller, ''));
    }
  }

  #pids(controller: string): readonly number[] {
    const text = fs.readFileSync(this.#at(controller, 'cgroup.procs'), 'utf8');
    return text.split('\n').filter(Boolean).map(Number);
  }

  #at(controller: string, name: string): string {
    return path.join(ROOT, controller, this.#name, name);
  }
}

function isPossible(): boolean {
  const isRoot = process.getuid?.() === 0;
  return (
    isRoot &&
    ['memory/memory.limit_in_bytes', 'cpu/cpu.shares'].every((file) => fs.existsSync(path.join(ROOT, file)))
  );
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has exited meanwhile.
  }
}
