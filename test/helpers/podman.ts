// A podman of a test's own, apart from the containers and images of the machine's user.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

interface TestContext {
  after(hook: () => void | Promise<void>): void;
}

/** The defaults of podman may be above what the machine allows. */
export const ULIMITS = ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'] as const;

export interface Podman {
  /** The program, and the options that come before its command. */
  readonly words: readonly string[];
  /** Where it is to be started: conmon leaves a file `oom` there when the kernel kills a container for its memory. */
  readonly cwd: string;
  /** Resolves with what the command prints. */
  run(...args: readonly string[]): Promise<string>;
}

/** Its containers end with the test. */
export function createPodman(t: TestContext): Podman {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  const options = [
    [
      '--root',
      path.join(folder, 'storage'),
      '--runroot',
      path.join(folder, 'run'),
      '--storage-driver',
      'vfs',
    ],
    ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'],
  ].flat();
  t.after(async () => {
    spawnSync('podman', [...options, 'rm', '--all', '--force', '--time', '0'], { stdio: 'ignore' });
    // When a container ends, a process of its own cleans up after it.
    while (isUsed(folder)) await setTimeout(50);
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return {
    words: ['podman', ...options],
    cwd: folder,
    run: async (...args) => {
      const { stdout } = await promisify(execFile)('podman', [...options, ...args], { cwd: folder });
      return stdout;
    },
  };
}

/** Does a process name that folder in its command line? */
function isUsed(folder: string): boolean {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => commandLine(pid).includes(folder));
}

function commandLine(pid: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has exited meanwhile.
    return '';
  }
}
