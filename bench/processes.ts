// Starts processes, each in a group of its own, and lets none of them outlive the bench.
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { text } from 'node:stream/consumers';

const groups = new Set<number>();

process.once('exit', () => groups.forEach(killGroup));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

export function startInGroup(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid !== undefined) groups.add(child.pid);
  return child;
}

/** Kills the process and all that it has started. Resolves when the process has exited. */
export async function endGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'exit');
  killGroup(pid);
  await ended;
}

/**
 * Runs a tool to its end, and gives what it printed.
 * @throws it could not be started, took longer than it may, or ended with an error
 */
export async function run(
  command: string,
  args: readonly string[],
  { timeoutMs, env }: { readonly timeoutMs: number; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  const child = startInGroup(command, args, { env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const deadline = setTimeout(() => void endGroup(child), timeoutMs);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error(`${command} has no output`);
  try {
    const [output, errors, [code]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
    if (code === 0) return output;
    throw new Error(`${[command, ...args].join(' ')} ended with ${String(code)}:\n${errors}${output}`);
  } finally {
    clearTimeout(deadline);
    await endGroup(child);
  }
}

function killGroup(pid: number): void {
  groups.delete(pid);
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No process of it is left.
  }
}
