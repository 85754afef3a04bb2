// Recognises the kernel's out-of-memory kill. To the parent it is a SIGKILL like any other; only a counter of the cgroup tells.
import type { Cgroup, ReadFile } from './cgroup.ts';

/** How long after the counter was raised the exit may still come, in ms: the memory has to be freed, and the exit read. */
const EXIT_WITHIN_MS = 10_000;

export class OomKills {
  readonly #read: () => number | undefined;
  #counted: number | undefined;
  /** Kills whose exit has not been seen, by the time when they were. */
  #seen: readonly number[] = [];

  /** @param memory undefined: there is no cgroup, so no kill is recognised */
  constructor(memory: Cgroup | undefined, read: ReadFile) {
    const file = memory && counterOf(memory, read);
    this.#read = () => (file === undefined ? undefined : countIn(file, read));
    this.#counted = this.#read();
  }

  /** To be called now and then, so that a kill of another process of the cgroup is not taken for that of a worker later. */
  look(now: number): void {
    const count = this.#read();
    const raised = Math.max(0, (count ?? 0) - (this.#counted ?? count ?? 0));
    this.#counted = count;
    const isRecent = (at: number): boolean => now - at <= EXIT_WITHIN_MS;
    this.#seen = [...this.#seen.filter(isRecent), ...Array.from({ length: raised }, () => now)];
  }

  /** A process was ended by a SIGKILL that nobody here sent: was it the kernel? Each kill explains one exit. */
  take(now: number): boolean {
    this.look(now);
    const [kill, ...others] = this.#seen;
    this.#seen = others;
    return kill !== undefined;
  }
}

/** The first file that tells. Undefined: none does. */
function counterOf({ version, directories }: Cgroup, read: ReadFile): string | undefined {
  const files = directories.flatMap((directory) => COUNTERS[version].map((name) => `${directory}/${name}`));
  return files.find((file) => countIn(file, read) !== undefined);
}

/** The kernel counts the kills of a cgroup's own processes, whichever limit was reached. */
function countIn(file: string, read: ReadFile): number | undefined {
  const [, count] = /^oom_kill (\d+)$/m.exec(read(file) ?? '') ?? [];
  return count === undefined ? undefined : Number(count);
}

/**
 * `memory.events` counts those of the cgroups below, too, so `.local` comes first (Linux 5.2).
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files, and of version 1 since Linux 4.13
 */
const COUNTERS = { 1: ['memory.oom_control'], 2: ['memory.events.local', 'memory.events'] } as const;
