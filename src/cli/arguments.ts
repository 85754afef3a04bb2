// Reads the command line: what is to be done, and over which socket.
import { parseArgs } from 'node:util';
import type { ControlRequest } from '../protocol/control.ts';

/** What to send, without an id: a process of this program sends one request. */
export type Command =
  { readonly command: 'status' | 'restart' | 'stop' } | { readonly command: 'scale'; readonly size: number };

export type Arguments =
  | { readonly type: 'help' }
  /** What is wrong with the arguments. */
  | { readonly type: 'usage'; readonly problem: string }
  | { readonly type: 'run'; readonly command: Command; readonly path: string; readonly json: boolean };

export const VARIABLE = 'FASTIFY_CLUSTERED_CONTROL_PATH';

export const USAGE = `Usage: fastify-clustered <command> [--control PATH] [--json]

Commands:
  status    what the service does: its phase, its release, its workers
  restart   a rolling restart; waits until it has ended
  scale N   from now on N workers
  stop      a graceful shutdown; waits until it has ended

Options:
  --control PATH   the control socket of the service, its option control.path;
                   default: the environment variable ${VARIABLE}
  --json           prints what the service says as JSON, a line each
  --help           prints this

Exit codes: 0 done; 1 failed, aborted or superseded; 2 wrong usage
`;

const OPTIONS = {
  control: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export function readArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Arguments {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help === true) return { type: 'help' };
    const path = values.control ?? env[VARIABLE]?.trim() ?? '';
    const command = commandOf(positionals);
    if (typeof command === 'string') return { type: 'usage', problem: command };
    if (path === '')
      return { type: 'usage', problem: `which service? Pass --control PATH, or set ${VARIABLE}` };
    return { type: 'run', command, path, json: values.json ?? false };
  } catch (error) {
    return { type: 'usage', problem: error instanceof Error ? error.message : String(error) };
  }
}

const NAMES: Readonly<Record<ControlRequest['command'], true>> = {
  status: true,
  restart: true,
  scale: true,
  stop: true,
};

/** A string says what is wrong. */
function commandOf(words: readonly string[]): Command | string {
  const [name, ...rest] = words;
  if (name === undefined) return 'a command is missing';
  if (!isName(name)) return `there is no command ${name}`;
  if (name !== 'scale') {
    return rest.length === 0
      ? { command: name }
      : `${name} takes no further argument, but came ${rest.join(' ')}`;
  }
  const [size = '', ...more] = rest;
  if (!/^\d+$/.test(size) || more.length > 0) return 'scale takes one whole number, as in: scale 4';
  return { command: name, size: Number(size) };
}

function isName(name: string): name is ControlRequest['command'] {
  return Object.hasOwn(NAMES, name);
}
