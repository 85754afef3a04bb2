// Spawns a fixture as a user would start a service, in a process group of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { ClusteredOptions, ListenOptions } from 'fastify-clustered';

export interface ServiceOptions {
  /** In test/fixtures, or an absolute path, or one that begins with a dot and is given to Node as it is. */
  readonly fixture?: string;
  readonly args?: readonly string[];
  readonly execPath?: string;
  readonly options?: ClusteredOptions;
  /** Undefined: not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly execArgv?: readonly string[];
  /** Descriptors that it has from 3 on, before that of its channel to the test. */
  readonly descriptors?: readonly number[];
  /** A descriptor for its stderr, which the test then does not follow. */
  readonly stderr?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Where it writes its log: `unread` is a socket that is not read until {@link Service.follow} is called. */
  readonly stdout?: 'followed' | 'unread' | number;
  /** The command that starts it, made of the command that would start it directly. */
  readonly command?: (direct: readonly string[]) => readonly string[];
}

export function spawnService({
  fixture = 'service.js',
  args = [],
  execPath = process.execPath,
  options = {},
  env = {},
  cwd,
  execArgv = [],
  stdout = 'followed',
  command = (direct) => direct,
  stderr,
  descriptors = [],
  ...user
}: ServiceOptions): ChildProcess {
  const file = /^[/.]/.test(fixture)
    ? fixture
    : fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url));
  const { PORT: _, WEB_CONCURRENCY: __, NODE_OPTIONS: ___, ...inherited } = process.env;
  const [program = '', ...words] = command([execPath, ...execArgv, file, ...args]);
  return spawn(program, words, {
    cwd,
    ...user,
    detached: true,
    stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', stderr ?? 'pipe', ...descriptors, 'ipc'],
    env: {
      ...inherited,
      SERVICE_OPTIONS: JSON.stringify({
        workers: 2,
        logger: { level: 'debug' },
        ...options,
        listen: descriptors.length > 0 ? options.listen : whereIn(options.listen),
      }),
      ...env,
    },
  });
}

/** A free port of 127.0.0.1, unless the test says something else. */
function whereIn(listen: ClusteredOptions['listen'] = {}): ClusteredOptions['listen'] {
  const isElsewhere = Array.isArray(listen) || 'path' in listen || 'fd' in listen;
  return isElsewhere ? listen : { port: 0, host: '127.0.0.1', ...(listen as ListenOptions) };
}
