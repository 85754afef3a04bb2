// Is this process what a container was started for, and what stands between it and PID 1?
import path from 'node:path';
import type { Proc } from './proc.ts';

/** How a container starts this process: as PID 1 itself, below an init that is made for that, or below something that is not. */
export type MainProgram =
  | { readonly by: 'itself' }
  | { readonly by: 'init' }
  /** Such as `npm start`. */
  | { readonly by: 'wrapper'; readonly command: string };

/** They pass signals on, and reap. */
const INITS = /^(?:tini(?:-static)?|docker-init|dumb-init|catatonit|s6-svscan)$/;

const SHELLS = /^(?:sh|bash|dash|ash|busybox|zsh)$/;

const PACKAGE_MANAGERS = /^(?:npm|pnpm|yarn|yarnpkg|bun)(?:-cli)?(?:\.c?js)?$/;

/** A shell of a package manager between this process and PID 1 is two steps; nobody has many more. */
const MAX_STEPS = 8;

/** How many characters of a command are enough to know it by. */
const SHOWN = 80;

/** Null: it is not, as on a machine where PID 1 is systemd. Whether other signs of a container are there does not matter. */
export function mainProgram(proc: Proc): MainProgram | null {
  if (proc.pid === 1) return { by: 'itself' };
  let isWrapped = false;
  let pid = proc.parent;
  for (let step = 0; step < MAX_STEPS && pid > 1; step += 1) {
    if (!isWrapper(proc.commandLine(pid))) return null;
    isWrapped = true;
    pid = proc.info(pid)?.parent ?? 0;
  }
  if (pid !== 1) return null;
  const command = proc.commandLine(1);
  if (isWrapper(command)) return { by: 'wrapper', command: command.join(' ').slice(0, SHOWN) };
  // Below an init a wrapper is as bad: it gets the signal, and this process does not.
  if (!INITS.test(nameOf(command[0]))) return null;
  return isWrapped
    ? { by: 'wrapper', command: proc.commandLine(proc.parent).join(' ').slice(0, SHOWN) }
    : { by: 'init' };
}

function isWrapper(command: readonly string[]): boolean {
  // npm sets its title, so all of its command line may be one word: `npm start`.
  const [first = '', ...args] = command.length === 1 ? (command[0] ?? '').split(' ') : command;
  const name = nameOf(first);
  if (PACKAGE_MANAGERS.test(name)) return true;
  if (/^node(?:js)?$/.test(name))
    return args.some((arg) => arg === '--run') || PACKAGE_MANAGERS.test(nameOf(args[0]));
  // One without a command or a script is used by a person, who sends no signal to the container.
  return SHELLS.test(name) && args.some((arg) => /^(?:[^-]|-[a-z]*c)/.test(arg));
}

function nameOf(word = ''): string {
  return path.basename(word).replace(/^-/, '');
}
